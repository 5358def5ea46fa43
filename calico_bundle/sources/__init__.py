"""Where bytes come from: archives, archives in archives, directories, streams. Nothing is extracted to disk.

Every limit on hostile input is in this room. What cannot be read is a gap, and the rest is read all the same.
"""

from calico_bundle.sources.limits import Limits
from calico_bundle.sources.member import Member
from calico_bundle.sources.opening import Input, read_members

__all__ = ["Input", "Limits", "Member", "read_members"]
