"""`python -m calico_bundle` is `bundle-analyze`."""

from calico_bundle.cli import main

if __name__ == "__main__":
    main()
