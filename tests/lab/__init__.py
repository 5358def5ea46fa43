"""A laboratory: clusters of network namespaces with BIRD, real packets, and the bundle that their machines would give."""
