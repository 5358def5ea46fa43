"""Calico's rules, each in a file that cites its source."""
