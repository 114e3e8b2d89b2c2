# threat: E3
# defence: the sockets of the host are in no layer; abstract names are of a network namespace
# tries: connect to each socket of the host that is known by name, in files and in the abstract
# must: none is there
import os, socket, stat
known = ("/run/systemd/private", "/run/systemd/notify", "/run/systemd/resolve/io.systemd.Resolve", "/run/dbus/system_bus_socket",
         "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/snapd.socket", "/run/udev/control",
         "/run/nscd/socket", "/dev/log", "/tmp/.X11-unix/X0", "/var/run/postgresql/.s.PGSQL.5432", "/var/run/redis/redis.sock", "/run/belljar.sock")
abstract = ("/tmp/.X11-unix/X0", "/tmp/dbus-x", "/containerd-shim/x.sock", "/org/kernel/linux/storage/multipathd", "ISCSIADM_ABSTRACT_NAMESPACE", "nvidia-persistenced", "snapd")
for name in known + tuple("\0" + one for one in abstract):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as one:
            if one.connect_ex(name) == 0:
                print("LEAK: connected to", repr(name))
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [one for one in folders if one not in ("proc", "usr", "lib", "lib64", "bin", "sbin")]
    for name in names:
        if stat.S_ISSOCK(os.lstat(folder + "/" + name).st_mode):
            print("LEAK: a socket:", folder, name)
print("held")
