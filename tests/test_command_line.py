"""The commands beside `serve`."""

import pytest

from support.command import run, said
from support.images import noise
from support.moorgate import BINARY, password


def moorgate(*arguments, **options):
    return run(BINARY, *arguments, **options)


# ---- check

def test_check_explains_a_good_configuration_in_words(site):
    told = site.command("check").stdout
    for word in ("127.0.0.1:0", "domain.crt", "localhost", "htpasswd", "3 users", "pushers", "ci-*", "registry"):
        assert word in told


def test_check_finds_what_only_the_files_show(site):
    site.certificate.key.unlink()
    refused = site.command("check", check=False)
    assert refused.returncode == 1
    assert "domain.key" in said(refused)


def test_check_finds_a_storage_folder_that_cannot_be_made(site, folder):
    (folder / "file").write_text("")
    site.config["storage"]["filesystem"]["root"] = str(folder / "file" / "registry")
    refused = site.command("check", check=False)
    assert refused.returncode == 1
    assert f"{folder / 'file'} is no folder" in said(refused)


GOOD = """\
listen:
  - address: 127.0.0.1:0
tls:
  certificate: domain.crt
  key: domain.key
users:
  - htpasswd: htpasswd
groups:
  pushers: [testuser]
access:
  - { who: signed-in, repositories: "**", allow: [pull] }
  - { who: group:pushers, repositories: "**", allow: [pull, push] }
storage:
  filesystem: { root: registry }
"""


@pytest.mark.parametrize("old, new, line, words", [
    ("access:", "acess:", 10, ["acess", "access"]),
    ('repositories: "**", allow: [pull] }', 'repository: "**", allow: [pull] }', 11, ["repository", "repositories"]),
    ("allow: [pull, push]", "allow: [pull, pusch]", 12, ["pusch", "push"]),
    ("who: signed-in", "who: signed-inn", 11, ["who", "signed-in"]),
    ("group:pushers", "group:pusher", 12, ["pusher", "pushers"]),
    ("127.0.0.1:0", "127.0.0.1:99999", 2, ["99999"]),
    ("127.0.0.1:0", "nonsense", 2, ["nonsense"]),
    ("filesystem:", "filesytem:", 14, ["filesytem", "filesystem"]),
    ("certificate: domain.crt", "certificate: domain.crt\n  certificate: other.crt", 5, ["certificate"]),
    ("pushers: [testuser]", "pushers: [testuser", 10, []),
    ("storage:", "limits: { body_timeout: soon }\nstorage:", 13, ["body_timeout", "soon"]),
    ("storage:", "\tstorage:", 13, []),
])
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_mistake_is_named_with_line_key_and_what_was_meant(site, command, old, new, line, words):
    assert old in GOOD
    site.config_file.write_text(GOOD.replace(old, new, 1))
    refused = moorgate(command, "--config", site.config_file, check=False)
    assert refused.returncode == 1
    assert f"{site.config_file}:{line}" in said(refused)
    for word in words:
        assert word in said(refused)


def test_all_mistakes_are_named_at_once(site):
    site.config_file.write_text(GOOD.replace("access:", "acess:").replace("storage:", "storrage:"))
    told = said(moorgate("check", "--config", site.config_file, check=False))
    assert ":10" in told and ":13" in told


def test_the_environment_overrides_a_single_key(site):
    site.save()
    told = moorgate("check", "--config", site.config_file,
                    env={"MOORGATE_STORAGE_FILESYSTEM_ROOT": "/somewhere/else"}).stdout
    assert "/somewhere/else" in told


# ---- explain and who-can

@pytest.mark.parametrize("user, action, repository, allowed", [
    ("pusher", "push", "team/app", True), ("ci-7", "push", "team/app", True), ("reader", "pull", "team/app", True),
    ("reader", "push", "team/app", False), ("owner", "delete", "team/app", True),
    ("anonymous", "pull", "team/app", False)])
def test_explain_says_whether_and_why(site, user, action, repository, allowed):
    told = site.command("explain", user, action, repository, check=False)
    assert told.returncode == (0 if allowed else 1)
    assert f"{user} {'may' if allowed else 'may not'} {action} {repository}" in told.stdout
    assert ("no file of users names" in told.stdout) == (user == "ci-7")


def test_explain_and_the_server_agree(site):
    with site.start() as server:
        for user in ("owner", "pusher", "reader"):
            told = site.command("explain", user, "push", "team/app", check=False)
            with server.client(user) as client:
                status = client.request("POST", "/v2/team/app/blobs/uploads/", body=b"").status
            assert (told.returncode, status) in [(0, 202), (1, 403)]


def test_who_can_lists_groups_and_their_members(site):
    told = site.command("who-can", "push", "team/app").stdout
    for word in ("pushers", "pusher", "ci-*", "owners", "owner"):
        assert word in told
    assert "reader" not in told


@pytest.mark.parametrize("arguments", [("explain", "bob", "steal", "team/app"), ("explain", "bob", "pull", "UPPER"),
                                       ("who-can", "steal", "team/app")])
def test_a_question_that_makes_no_sense_is_wrong_use(site, arguments):
    assert site.command(*arguments, check=False).returncode == 2


# ---- htpasswd

def entries(site):
    return [line.split(":")[0] for line in site.htpasswd.read_text().splitlines()]


def verified(site, user, secret):
    """What Apache's own program thinks of the entry."""
    return run("htpasswd", "-vb", site.htpasswd, user, secret, check=False).returncode == 0


def test_htpasswd_adds_a_user_from_standard_input(site):
    moorgate("htpasswd", site.htpasswd, "newcomer", "-i", stdin="a new password\n")
    assert verified(site, "newcomer", "a new password")
    assert "newcomer:$2y$10$" in site.htpasswd.read_text()


def test_htpasswd_takes_a_password_from_the_command_line_and_a_cost(site):
    moorgate("htpasswd", site.htpasswd, "newcomer", "-b", "on the line", "-C", "5")
    assert verified(site, "newcomer", "on the line")
    assert "newcomer:$2y$05$" in site.htpasswd.read_text()


def test_htpasswd_changes_a_password_and_leaves_the_rest_alone(site):
    site.htpasswd.write_bytes(b"# ours\r\n" + site.htpasswd.read_bytes() + b"\n# the end")
    before = site.htpasswd.read_bytes().splitlines(keepends=True)
    moorgate("htpasswd", site.htpasswd, "reader", "-i", stdin="changed")
    after = site.htpasswd.read_bytes().splitlines(keepends=True)
    assert verified(site, "reader", "changed") and verified(site, "owner", password("owner"))
    assert [line for line in before if not line.startswith(b"reader:")] \
        == [line for line in after if not line.startswith(b"reader:")]


def test_htpasswd_creates_a_file_only_its_owner_can_read(site):
    fresh = site.folder / "fresh"
    moorgate("htpasswd", fresh, "first", "-i", stdin="secret")
    assert fresh.stat().st_mode & 0o777 == 0o600


def test_htpasswd_keeps_mode_and_owner_of_a_file(site):
    site.htpasswd.chmod(0o640)
    moorgate("htpasswd", site.htpasswd, "first", "-i", stdin="secret")
    assert site.htpasswd.stat().st_mode & 0o777 == 0o640


def test_htpasswd_removes_a_user(site):
    moorgate("htpasswd", site.htpasswd, "reader", "-D")
    assert entries(site) == ["owner", "pusher"]
    again = moorgate("htpasswd", site.htpasswd, "reader", "-D", check=False)
    assert again.returncode == 1
    assert "reader" in said(again)


@pytest.mark.parametrize("user, secret", [
    ("", "x"), ("a:b", "x"), ("a\nb", "x"), ("#a", "x"), ("a", ""), ("a", "x" * 73)])
def test_htpasswd_refuses_what_would_not_work(site, user, secret):
    before = site.htpasswd.read_bytes()
    assert moorgate("htpasswd", site.htpasswd, user, "-b", secret, check=False).returncode != 0
    assert site.htpasswd.read_bytes() == before


def test_htpasswd_does_not_hang_without_a_terminal(site):
    refused = moorgate("htpasswd", site.htpasswd, "newcomer", stdin="", check=False)
    assert refused.returncode == 1
    assert "-i" in said(refused)


# ---- uploads

def test_unfinished_uploads_are_listed_and_purged(site):
    with site.start() as server, server.client("pusher") as pusher:
        upload = pusher.start_upload("team/app")
        pusher.append(upload, noise(12345, "unfinished"), 0)
        pusher.push_blob("team/app", b"finished")
        listed = site.command("uploads", "list").stdout
        assert len([line for line in listed.splitlines() if "team/app" in line]) == 1
        assert "12345" in listed and "pusher" in listed
        assert "team/app" not in site.command("uploads", "list", "--older-than", "1h").stdout
    assert "12345" in site.command("uploads", "list").stdout
    site.command("uploads", "purge", "--older-than", "1h")
    assert "12345" in site.command("uploads", "list").stdout
    site.command("uploads", "purge")
    assert "12345" not in site.command("uploads", "list").stdout
    assert not [path for path in site.files() if "upload" in path]


def test_a_duration_that_is_none_is_wrong_use(site):
    with site.start():
        pass
    refused = site.command("uploads", "list", "--older-than", "yesterday", check=False)
    assert refused.returncode == 2
    assert "yesterday" in said(refused)


# ---- the rest

def test_version_tells_name_and_number():
    name, number = moorgate("version").stdout.split()
    assert name == "moorgate" and number[0].isdigit()


@pytest.mark.parametrize("command", ["serve", "check", "htpasswd", "explain", "who-can", "uploads", "doctor", "version"])
def test_every_command_has_help(command):
    assert command in moorgate(command, "--help").stdout


@pytest.mark.parametrize("arguments", [
    (), ("dance",), ("serve", "--no-such-flag"), ("serve", "--config", "/no/such/file")])
def test_wrong_use_is_told_and_fails(arguments):
    refused = moorgate(*arguments, check=False)
    assert refused.returncode == 2
    assert said(refused)
