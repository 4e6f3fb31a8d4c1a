"""Real SpiceDB behind a pipe: a test asks it what it asks our service, byte for byte.

Argument: SpiceDB as a shared library. A request on standard input is one letter, the length of a message (4 bytes, little-endian) and
the message; an answer on standard output is one byte (0: an answer, 1: an error's text), a length and the bytes. The answer to `L` is
many messages, each with its own length. The letter `N` begins anew, with nothing stored.
"""

import ctypes
import json
import os
import struct
import sys

import grpc

UNARY = {
    b"B": "spicedb_permissions_check_bulk_permissions",
    b"C": "spicedb_permissions_check_permission",
    b"D": "spicedb_permissions_delete_relationships",
    b"E": "spicedb_permissions_expand_permission_tree",
    b"R": "spicedb_schema_read_schema",
    b"S": "spicedb_schema_write_schema",
    b"W": "spicedb_permissions_write_relationships",
}
LIST = "/authzed.api.v1.PermissionsService/ReadRelationships"
NOBODY = 65534


class Refused(Exception):
    pass


class Oracle:
    """One instance of SpiceDB, whose store is its memory."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.spicedb_start.restype = ctypes.c_void_p
        self.library.spicedb_dispose.restype = ctypes.c_void_p
        for free in (self.library.spicedb_free, self.library.spicedb_free_bytes):
            free.restype = None
            free.argtypes = [ctypes.c_void_p]
        for name in UNARY.values():
            getattr(self.library, name).restype = None
        self.handle = None
        self.channel = None

    def begin(self):
        if self.handle is not None:
            self.channel.close()
            self.library.spicedb_free(self.library.spicedb_dispose(self.handle))
        started = self.library.spicedb_start(b"{}")
        said = json.loads(ctypes.string_at(started))
        self.library.spicedb_free(started)
        if not said.get("success"):
            raise Refused(said.get("error", "it does not start"))
        self.handle = ctypes.c_ulonglong(said["data"]["handle"])
        address, transport = said["data"]["streaming_address"], said["data"]["streaming_transport"]
        self.channel = grpc.insecure_channel(f"unix://{address}" if transport == "unix" else address)
        return b""

    def unary(self, name, message):
        answer, length, error = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_void_p()
        outputs = (ctypes.byref(answer), ctypes.byref(length), ctypes.byref(error))
        getattr(self.library, name)(self.handle, ctypes.c_char_p(message), ctypes.c_int(len(message)), *outputs)
        if error.value:
            text = ctypes.string_at(error.value).decode(errors="replace")
            self.library.spicedb_free(error)
            raise Refused(text)
        if not answer.value:
            return b""
        raw = ctypes.string_at(answer.value, length.value)
        self.library.spicedb_free_bytes(answer)
        return raw

    def read(self, message):
        try:
            parts = list(self.channel.unary_stream(LIST, lambda raw: raw, lambda raw: raw)(message))
        except grpc.RpcError as error:
            name = error.code().name.title().replace("_", "")
            raise Refused(f"rpc error: code = {name} desc = {error.details()}") from error
        return b"".join(struct.pack("<I", len(part)) + part for part in parts)

    def answer(self, letter, message):
        if letter == b"N":
            return self.begin()
        return self.read(message) if letter == b"L" else self.unary(UNARY[letter], message)


def main(path):
    # Loads the rest of the library while this may still read every folder.
    grpc.insecure_channel("unix:///nowhere").close()
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    # What SpiceDB writes must not stand among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    oracle = Oracle(path)
    while head := sys.stdin.buffer.read(5):
        letter, length = struct.unpack("<cI", head)
        try:
            outcome, raw = 0, oracle.answer(letter, sys.stdin.buffer.read(length))
        except Refused as refused:
            outcome, raw = 1, str(refused).encode()
        answers.write(struct.pack("<BI", outcome, len(raw)) + raw)
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
