"""Password files: every format against the program that writes it, and files that change."""

import base64
import hashlib
import os
import threading

import pytest

from support.command import eventually, run, said
from support.moorgate import BINARY, Site, password

SECRET = "correct horse – Ünïcode ☃"


def htpasswd(*flags):
    return lambda: run("htpasswd", "-nb", *flags, "user", SECRET).stdout.strip().split(":", 1)[1]


def mkpasswd(method, *flags):
    return lambda: run("mkpasswd", "-m", method, *flags, "-s", stdin=SECRET).stdout.strip()


def openssl(*flags):
    return lambda: run("openssl", "passwd", *flags, "-stdin", stdin=SECRET).stdout.strip()


def salted(label, algorithm):
    salt = b"saltsalt"
    digest = hashlib.new(algorithm, SECRET.encode() + salt).digest()
    return lambda: label + base64.b64encode(digest + salt).decode()


FORMATS = {
    "htpasswd bcrypt": htpasswd("-B"),
    "htpasswd bcrypt, cost 8": htpasswd("-B", "-C", "8"),
    "htpasswd apr1": htpasswd("-m"),
    "htpasswd sha1": htpasswd("-s"),
    "htpasswd sha256-crypt": htpasswd("-2"),
    "htpasswd sha512-crypt": htpasswd("-5"),
    "htpasswd sha512-crypt, 20000 rounds": htpasswd("-5", "-r", "20000"),
    "mkpasswd bcrypt": mkpasswd("bcrypt", "-R", "5"),
    "mkpasswd bcrypt $2a$": mkpasswd("bcrypt-a", "-R", "5"),
    "mkpasswd yescrypt": mkpasswd("yescrypt"),
    "mkpasswd gost-yescrypt": mkpasswd("gost-yescrypt"),
    "mkpasswd scrypt": mkpasswd("scrypt", "-R", "7"),
    "mkpasswd sha512-crypt": mkpasswd("sha512crypt"),
    "mkpasswd sha512-crypt, 10000 rounds": mkpasswd("sha512crypt", "-R", "10000"),
    "mkpasswd sha256-crypt": mkpasswd("sha256crypt"),
    "mkpasswd md5-crypt": mkpasswd("md5crypt"),
    "openssl apr1": openssl("-apr1"),
    "openssl sha512-crypt": openssl("-6"),
    "salted sha1": salted("{SSHA}", "sha1"),
    "salted sha256": salted("{SSHA256}", "sha256"),
    "salted sha512": salted("{SSHA512}", "sha512"),
}
UNSAFE = {
    "DES": htpasswd("-d"),
    "clear text": htpasswd("-p"),
    "BSDi": mkpasswd("bsdicrypt"),
    "NT": mkpasswd("nt"),
    "unknown": lambda: "$99$something$else",
    "damaged bcrypt": lambda: htpasswd("-B")()[:-5],
    "bcrypt that takes minutes": lambda: htpasswd("-B")().replace("$05$", "$31$"),
}


def user_name(label):
    return "".join(letter for letter in label if letter.isalnum())


# ---- formats

def status(server, user, secret):
    with server.client(user, secret) as client:
        return client.get("/v2/").status


@pytest.fixture(scope="module")
def all_formats(module_folder, authority):
    """One server whose users have every format there is, the unsafe ones included."""
    site = Site(module_folder, authority)
    with site.htpasswd.open("a") as file:
        for label, make in {**FORMATS, **UNSAFE}.items():
            file.write(f"{user_name(label)}:{make()}\n")
    with site.start() as server:
        yield server


@pytest.mark.parametrize("label", FORMATS)
def test_a_user_signs_in_whatever_program_made_the_hash(all_formats, label):
    assert status(all_formats, user_name(label), SECRET) == 200
    for wrong in (SECRET[:-1], SECRET + " ", SECRET.upper()):
        assert status(all_formats, user_name(label), wrong) == 401


@pytest.mark.parametrize("label", UNSAFE)
def test_an_unsafe_or_unknown_hash_lets_nobody_in_and_is_named_at_the_start(all_formats, label):
    lines = all_formats.site.htpasswd.read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if line.startswith(user_name(label) + ":"))
    hash_text = lines[number - 1].split(":")[1]
    assert status(all_formats, user_name(label), SECRET) == 401
    named = [entry for entry in all_formats.log.entries
             if f"{all_formats.site.htpasswd}:{number}" in str(entry) and entry["level"] == "warning"]
    assert len(named) == 1
    assert user_name(label) in str(named[0])
    assert hash_text not in all_formats.log.text


def test_bcrypt_looks_at_72_bytes_and_no_more_as_everywhere(site):
    with site.htpasswd.open("a") as file:
        file.write("long:" + run("htpasswd", "-nbB", "long", "x" * 72).stdout.strip().split(":")[1] + "\n")
    with site.start() as server:
        assert status(server, "long", "x" * 72) == 200
        assert status(server, "long", "x" * 71) == 401


# ---- the price of a password

@pytest.fixture
def costly(site):
    """A server whose users all have passwords that take the processor a while."""
    site.htpasswd.write_text("".join(
        run("htpasswd", "-nbB", "-C", "12", user, password(user)).stdout.strip() + "\n"
        for user in ("owner", "pusher", "reader")))
    with site.start() as server:
        yield server


def processor_time(server, user, secret, requests=1):
    before = server.cpu_seconds()
    with server.client(user, secret) as client:
        for _ in range(requests):
            client.get("/v2/")
    return server.cpu_seconds() - before


def test_a_password_is_checked_once_and_then_remembered(costly):
    first = processor_time(costly, "reader", password("reader"))
    # Each worker may have to learn it once.
    assert processor_time(costly, "reader", password("reader"), requests=100) < 10 * first


def test_a_wrong_password_is_remembered_too(costly):
    first = processor_time(costly, "reader", "wrong")
    assert processor_time(costly, "reader", "wrong", requests=100) < 10 * first


def test_an_unknown_name_costs_as_much_as_a_wrong_password(costly):
    # The least of three: what else a server does now and then is not the password's price.
    wrong, unknown = (min(processor_time(costly, user, f"wrong {number}") for number in range(3))
                      for user in ("reader", "nobody"))
    assert wrong / 2 < unknown < wrong * 2


def test_passwords_being_checked_do_not_hold_up_who_is_known(costly):
    guessing = [threading.Thread(target=status, args=(costly, f"guest-{number}", "guess")) for number in range(20)]
    with costly.client("reader") as reader:
        assert reader.get("/v2/").status == 200
        for guess in guessing:
            guess.start()
        for _ in range(5):
            assert reader.get("/v2/").status == 200
        assert any(guess.is_alive() for guess in guessing), "the reader waited until all guesses were checked"
    for guess in guessing:
        guess.join()


# ---- lines

def start_with(site, text):
    site.htpasswd.write_bytes(text)
    return site.start()


@pytest.fixture
def line(site):
    """Makes lines of a user with password(user)."""
    return lambda user: run("htpasswd", "-nbB", "-C", "4", user, password(user)).stdout.strip().encode()


def test_windows_line_ends_comments_blanks_and_extra_fields_are_understood(site, line):
    text = b"\r\n".join([b"\xef\xbb\xbf# made by hand", b"", line("crlf"), b"  # another",
                         line("extra") + b":a comment", line("last")])
    with start_with(site, text) as server:
        for user in ("crlf", "extra", "last"):
            assert status(server, user, password(user)) == 200


def test_of_two_lines_of_one_user_the_first_counts_and_the_second_is_named(site, line):
    second = run("htpasswd", "-nbB", "-C", "4", "twice", "other").stdout.strip().encode()
    with start_with(site, line("twice") + b"\n" + second + b"\n") as server:
        assert status(server, "twice", password("twice")) == 200
        assert status(server, "twice", "other") == 401
        assert any(f"{site.htpasswd}:2" in str(entry) for entry in server.log.entries)


@pytest.mark.parametrize("text, where", [
    (b"no colon in this line\n", ":1"),
    (b"# fine\n:$2y$04$nothing\n", ":2"),
    (b"user:{SHA}\0\n", ":1"),
    (b"", ""),
    (b"# only comments\n", ""),
])
def test_a_file_that_is_no_password_file_stops_the_start(site, text, where):
    site.htpasswd.write_bytes(text)
    refused = run(BINARY, "serve", "--config", site.save(), check=False)
    assert refused.returncode != 0
    assert f"{site.htpasswd}{where}" in said(refused)


def test_a_missing_file_stops_the_start(site):
    site.htpasswd.unlink()
    refused = run(BINARY, "serve", "--config", site.save(), check=False)
    assert refused.returncode != 0
    assert str(site.htpasswd) in said(refused)


def test_users_come_from_several_files_in_order(site, line):
    (site.folder / "more").write_bytes(
        line("newcomer") + b"\n" + run("htpasswd", "-nbB", "-C", "4", "reader", "shadowed").stdout.encode())
    site.config["users"].append({"htpasswd": "more"})
    with site.start() as server:
        assert status(server, "newcomer", password("newcomer")) == 200
        assert status(server, "reader", password("reader")) == 200
        assert status(server, "reader", "shadowed") == 401


# ---- changes while the server runs

def replaced_by_rename(path, text):
    fresh = path.with_suffix(".new")
    fresh.write_bytes(text)
    fresh.rename(path)


def truncated_in_place(path, text):
    path.write_bytes(text)


def written_by_htpasswd(path, text):
    """As an administrator does it: one user after the other."""
    wanted = {entry.split(":")[0] for entry in text.decode().split()}
    for entry in path.read_text().split():
        if entry.split(":")[0] not in wanted:
            run("htpasswd", "-D", path, entry.split(":")[0])
    for user in wanted:
        run("htpasswd", "-bB", "-C", "4", path, user, password(user))


@pytest.mark.parametrize("change", [replaced_by_rename, truncated_in_place, written_by_htpasswd])
def test_a_changed_file_is_in_force_without_a_restart(site, line, change):
    with site.start() as server:
        assert status(server, "reader", password("reader")) == 200
        assert status(server, "newcomer", password("newcomer")) == 401
        change(site.htpasswd, line("newcomer") + b"\n")
        eventually(lambda: status(server, "newcomer", password("newcomer")) == 200, "the new user is known")
        eventually(lambda: status(server, "reader", password("reader")) == 401, "the old user is gone")


def test_a_changed_password_replaces_the_old_one(site):
    with site.start() as server:
        assert status(server, "reader", password("reader")) == 200
        run("htpasswd", "-bB", "-C", "4", site.htpasswd, "reader", "changed")
        eventually(lambda: status(server, "reader", "changed") == 200, "the new password is in force")
        assert status(server, "reader", password("reader")) == 401


def publish(volume, number, text):
    """A Kubernetes volume's update: a new folder, and ..data swung over to it in one step."""
    version = volume / f"..version-{number}"
    version.mkdir()
    (version / "htpasswd").write_bytes(text)
    link = volume / "..data_tmp"
    link.symlink_to(version.name)
    os.rename(link, volume / "..data")


def test_a_kubernetes_secret_that_changes_is_noticed(site, line):
    volume = site.folder / "volume"
    volume.mkdir()
    publish(volume, 1, line("reader") + b"\n")
    (volume / "htpasswd").symlink_to("..data/htpasswd")
    site.config["users"] = [{"htpasswd": "volume/htpasswd"}]
    with site.start() as server:
        assert status(server, "reader", password("reader")) == 200
        publish(volume, 2, line("newcomer") + b"\n")
        eventually(lambda: status(server, "newcomer", password("newcomer")) == 200, "the new user is known")
        assert status(server, "reader", password("reader")) == 401


@pytest.mark.parametrize("broken", [b"", b"this is no password file\n", b"user:{SHA}\0", None],
                         ids=["empty", "text", "binary", "removed"])
def test_a_broken_new_version_keeps_the_old_one_and_says_so(site, line, broken):
    with site.start() as server:
        if broken is None:
            site.htpasswd.unlink()
        else:
            site.htpasswd.write_bytes(broken)
        complaint = server.log.wait("the changed user file cannot be used; the users known so far stay in force")
        assert complaint["level"] == "error"
        assert str(site.htpasswd) in str(complaint)
        assert status(server, "reader", password("reader")) == 200
        site.htpasswd.write_bytes(line("newcomer") + b"\n")
        eventually(lambda: status(server, "newcomer", password("newcomer")) == 200, "the mended file is read")
