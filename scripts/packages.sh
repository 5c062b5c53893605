# What Debian 12 must have. Sourced by quickstart, test and bench.

build_packages=(
  clang-19 lld-19 libclang-rt-19-dev cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-json1.81-dev libssl-dev libsqlite3-dev libyaml-cpp-dev
  libspdlog-dev libfmt-dev prometheus-cpp-dev libcli11-dev libcrypt-dev libaprutil1-dev
  libcurl4-openssl-dev libpcre2-dev
)
check_packages=(
  clang-tidy-19 clang-format-19 libgtest-dev libgmock-dev libbenchmark-dev python3
  valgrind apache2-utils openssl  # bench/instructions.py
)

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }

# Installs those of the named packages that are missing; asks for root only when something is.
ensure_packages() {
  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      echo "Installing ${missing[*]} needs root: run this as root or install sudo." >&2
      return 1
    }
    as_root=(sudo)
  fi
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  # The services that some packages bring must not start: tests start their own.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends "${missing[@]}"
}
