"""The kernel's rules.

Which route it takes, what becomes of a packet from node to node, which endpoint a service gives.
"""
