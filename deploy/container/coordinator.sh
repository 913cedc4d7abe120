#!/bin/sh
# A coordinator that an engine may start again at any time: begins the run of a folder, or goes on with the one that
# is there. Its workers find it by themselves.
#
#   lockstep-coordinator RUN_FOLDER SETTINGS_FILE FLAGS...    the flags: where it listens, and to whom
set -eu
run=$1 settings=$2
shift 2
if [ -f "$run/config.yaml" ]; then
  set -- --resume "$run" "$@"
else
  set -- --config "$settings" --run-dir "$run" "$@"
fi
exec lockstep coordinator "$@"
