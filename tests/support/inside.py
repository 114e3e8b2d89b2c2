# SPDX-License-Identifier: Apache-2.0
"""System calls from inside another process, as whoever had taken it over would make them (x86-64, by ptrace)."""
import ctypes
import errno
import os
import platform

ATTACH, DETACH, SINGLESTEP, GETREGS, SETREGS, POKEDATA = 16, 17, 9, 12, 13, 5
WALL = 0x40000000
WORD = 8
#: Below the stack pointer and what the ABI lets a leaf function use there.
SCRATCH = 1 << 16
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulong) for name in NAMES]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def possible():
    return platform.machine() == "x86_64"


class Inside:
    """`with Inside(pid) as process`: it waits in a system call, which goes on afterwards as if nothing had been."""

    def __init__(self, pid):
        self.pid = pid

    def trace(self, request, address=None, data=None):
        ctypes.set_errno(0)
        if libc.ptrace(request, self.pid, address, data) < 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request}")

    def registers(self):
        found = Registers()
        self.trace(GETREGS, None, ctypes.addressof(found))
        return found

    def __enter__(self):
        self.trace(ATTACH)
        os.waitpid(self.pid, WALL)
        self.before = self.registers()
        return self

    def __exit__(self, *_):
        self.trace(SETREGS, None, ctypes.addressof(self.before))
        self.trace(DETACH)

    def put(self, data, address):
        data += bytes(-len(data) % WORD)
        for at in range(0, len(data), WORD):
            self.trace(POKEDATA, address + at, int.from_bytes(data[at:at + WORD], "little"))

    def call(self, number, *arguments):
        """What the kernel returned: a number, or the name of an error."""
        registers = Registers.from_buffer_copy(self.before)
        place = (registers.rsp - SCRATCH) & -16
        for name, value in zip(ARGUMENTS, arguments):
            if isinstance(value, (str, bytes)):
                data = value.encode() + b"\0" if isinstance(value, str) else value
                self.put(data, place)
                value, place = place, place + len(data) + 64 & -16
            setattr(registers, name, value & (1 << 64) - 1)
        registers.rip = self.before.rip - 2  # it stands behind the `syscall` that it waits in
        registers.rax, registers.orig_rax = number, (1 << 64) - 1
        self.trace(SETREGS, None, ctypes.addressof(registers))
        self.trace(SINGLESTEP)
        os.waitpid(self.pid, WALL)
        result = ctypes.c_long(self.registers().rax).value
        return errno.errorcode.get(-result, result) if -4096 < result < 0 else result
