# Runs the server of a test run, and stops it once nobody has used it for a while. Whoever uses it holds a shared lock.
# Arguments: the lock file, the seconds without a user, the command of the server.
lock=$1
idle_seconds_max=$2
shift 2
"$@" &
server=$!
trap 'kill -INT "$server"; wait "$server"; exit' TERM INT
idle_seconds=0
while kill -0 "$server" 2>/dev/null; do
    sleep 1 &
    wait "$!"
    if [ "$idle_seconds" -ge "$idle_seconds_max" ]; then
        # Under the lock, so that nobody joins a server that is about to stop.
        flock --exclusive --nonblock "$lock" sh -c 'kill -INT "$1"; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done' sh "$server" && break
    fi
    if flock --exclusive --nonblock "$lock" true; then
        idle_seconds=$((idle_seconds + 1))
    else
        idle_seconds=0
    fi
done
wait "$server"
