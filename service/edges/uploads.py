"""Pictures that are sent to us stay in memory, from the socket to the last look at them.

The form parser writes every file above a megabyte into a temporary file. A face would then lie on the disk, for a moment
in the file and for longer in its blocks, although we promise that no picture is ever stored.
"""

from fastapi import UploadFile
from starlette.formparsers import MultiPartParser

from service.errors import TooLarge


def keep_uploads_in_memory(request_limit_bytes: int) -> None:
    """For the whole process: no upload that passes the body limit is ever written to disk."""
    MultiPartParser.spool_max_size = request_limit_bytes


def read_upload(upload: UploadFile, *, limit_bytes: int) -> bytes:
    """The file's bytes; TooLarge where there are more than the limit."""
    raw = upload.file.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise TooLarge(f"A picture may have at most {limit_bytes:,} bytes. Please send a smaller one.", code="picture")
    return raw
