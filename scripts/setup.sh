#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: scripts/setup.sh [build] [lint]      (default: both)
# Installs what is missing of scripts/debian-packages.txt. Asks nothing; does nothing when all is there.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

groups=("$@")
[[ ${#groups[@]} -gt 0 ]] || groups=(build lint)
wanted=()
for group in "${groups[@]}"; do
  mapfile -t found < <(awk -v group="$group" '$1 == group { print $2 }' scripts/debian-packages.txt)
  [[ ${#found[@]} -gt 0 ]] || die "scripts/debian-packages.txt has no group '$group'; use build or lint"
  wanted+=("${found[@]}")
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  say "This machine has no apt-get. Sluice is built and tested on Debian 12; elsewhere install what"
  say "corresponds to these Debian packages, then use scripts/build.sh:"
  printf '  %s\n' "${wanted[@]}" >&2
  exit 2
fi

installed="$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null | awk '$1 == "ii" { print $2 }' || true)"
missing=()
for package in "${wanted[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

release="$(. /etc/os-release 2>/dev/null && echo "${ID:-unknown} ${VERSION_ID:-}" || echo unknown)"
[[ "$release" == "debian 12" ]] ||
  say "note: this is '$release'; Sluice is tested on Debian 12, package names may differ"

as_root=()
if [[ "$(id -u)" -ne 0 ]]; then
  command -v sudo >/dev/null ||
    die "installing packages needs root: run as root, install sudo, or install: ${missing[*]}"
  # Without a terminal nobody can type a password: fail instead of waiting.
  as_root=(sudo)
  [[ -t 0 ]] || as_root=(sudo -n)
fi

# Tests start the servers they need themselves: none is to start because its package came.
policy=/usr/sbin/policy-rc.d
if [[ ! -e "$policy" ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  "${as_root[@]}" chmod 755 "$policy"
fi

say "setup: installing from Debian: ${missing[*]}"
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Use-Pty=0 "$@" >&2
}
install_missing() { apt install --no-install-recommends "${missing[@]}" </dev/null; }

if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
  say "setup: no package lists yet: apt-get update"
  apt update
  install_missing
elif ! install_missing; then
  say "setup: trying once more with fresh package lists"
  apt update
  install_missing
fi
say "setup: done"
