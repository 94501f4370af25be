#!/usr/bin/env bash
# Every test, on a fresh Debian machine with the .NET SDK: installs what is missing, builds, runs all in a network of its own.
# Ends with the line "N passed, N failed, N skipped". Nothing may be skipped here; `dotnet test` alone skips what it lacks a program for.
set -euo pipefail
cd "$(dirname "$0")/.."
export CI=true DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# What the tests drive: a browser, clients from npm and Debian, a TURN server; and what builds their network.
missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
command -v turnserver >/dev/null || missing+=(coturn)
command -v ip >/dev/null || missing+=(iproute2)
/usr/bin/python3 -c 'import websockets' 2>/dev/null || missing+=(python3-websockets)
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing: ${missing[*]}"
  as_root apt-get update -qq
  # Packages may not start services meanwhile: the TURN server would listen on every address of this machine.
  policy=/usr/sbin/policy-rc.d
  [ -e "$policy" ] && policy= || printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
  installed=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || installed=$?
  [ -z "$policy" ] || as_root rm "$policy"
  [ "$installed" = 0 ] || exit "$installed"
fi
npm ci --silent --no-audit --no-fund --prefix Tests/MeshSignal.Tests/Clients

dotnet build MeshSignal.sln --configuration Release --nologo --verbosity quiet

# In a network namespace of its own with nothing but loopback, so that no browser or server can reach out of the machine.
# A TURN server's address is local, yet no interface's: browsers would take that for their own. The other one they shall, and tell nobody of it.
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
namespace=(unshare --net)
[ "$(id -u)" = 0 ] || namespace=(unshare --map-root-user --net)
failed=0
"${namespace[@]}" bash -c 'ip link set lo up && ip route add local 198.51.100.1 dev lo && ip address add 203.0.113.5/32 dev lo && exec "$@"' bash \
  dotnet test MeshSignal.sln --configuration Release --no-build --nologo \
  --blame-hang-timeout 5m --logger trx --logger "console;verbosity=normal" --results-directory "$results" || failed=1

counters=$(grep -ho '<Counters [^>]*>' "$results"/*.trx)
count() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<<"$counters" | awk '{ sum += $1 } END { print sum + 0 }'; }
passed=$(count passed)
skipped=$(($(count total) - $(count executed)))
failures=$(($(count executed) - passed))
[ "$skipped" = 0 ] || { echo "Tests were skipped; here that is a failure."; failed=1; }
echo "$passed passed, $failures failed, $skipped skipped"
exit "$failed"
