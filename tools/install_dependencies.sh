#!/bin/sh
# install_dependencies.sh PART...: installs the packages of dependencies.apt that are missing, of the parts build, demo,
# test and slow. What another installed package provides is not missing: newer builds of Node bring npm themselves. Asks
# for nothing; uses sudo where it is not root. Does nothing where all are there.
set -eu
list=$(dirname "$0")/../dependencies.apt
present=$(dpkg-query -W -f='${db:Status-Abbrev}|${Package}, ${Provides}\n' | sed -n 's/^.i *|//p' | tr ',' '\n' |
  sed 's/^ *//; s/ .*//')
part=build
missing=
while read -r line; do
  case $line in
    "# --- "*) part=${line#"# --- "} ;;
    "#"* | "") ;;
    *)
      case " $* " in
        *" $part "*) printf '%s\n' "$present" | grep -qxF -e "$line" || missing="$missing $line" ;;
      esac
      ;;
  esac
done < "$list"
[ -n "$missing" ] || exit 0
echo "installing:$missing"
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # Both are lists of words.
$as_root apt-get -qq update && $as_root apt-get -qq -y --no-install-recommends install $missing > /dev/null
