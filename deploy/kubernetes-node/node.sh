#!/bin/bash
# A Kubernetes node in namespaces of its own: `node.sh begin STATE` makes its cgroups and namespaces, in which it calls itself again as the
# node's process 1. STATE holds pki/, kubeconfigs/ and programs/ by then. When process 1 ends, so does everything in the node.
set -u
here=$(dirname "$(realpath "$0")")
state=$2

# A child of the cgroup that we are in, in every hierarchy; the node takes it for the root.
begin() {
    while IFS=: read -r _ controllers path; do
        hierarchy=${controllers#name=}
        parent=/sys/fs/cgroup/${hierarchy:-unified}${path%/}
        [ -d "$parent" ] || continue
        cgroup=$parent/bailiwick-$(basename "$(dirname "$state")")
        mkdir -p "$cgroup"
        if [ "$hierarchy" = cpuset ]; then
            cat "$parent/cpuset.cpus" >"$cgroup/cpuset.cpus"
            cat "$parent/cpuset.mems" >"$cgroup/cpuset.mems"
        fi
        echo "$cgroup" >>"$state/cgroups"
    done </proc/self/cgroup
    while read -r cgroup; do echo $$ >"$cgroup/cgroup.procs" || exit 1; done <"$state/cgroups"
    exec unshare --mount --net --pid --uts --ipc --cgroup --fork --mount-proc --kill-child "$0" inside "$state"
}

# What the node sees: its own cgroups, its own /run, and the three folders that its configuration speaks of.
mounts() {
    mount --make-rprivate /
    mount -t sysfs sysfs /sys
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    while IFS=: read -r _ controllers _; do
        [ -n "$controllers" ] || continue
        hierarchy=${controllers#name=}
        options=$controllers
        [ "$hierarchy" = "$controllers" ] || options=none,$controllers
        mkdir "/sys/fs/cgroup/$hierarchy"
        mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$hierarchy"
    done </proc/self/cgroup
    # The kubelet sets these for the whole machine: it gets files to write to instead.
    mkdir -p "$state/sysctls"
    for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
        kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
        file=$state/sysctls/$(echo "${setting%%=*}" | tr / .)
        echo "${setting#*=}" >"$file"
        mount --bind "$file" "/proc/sys/${setting%%=*}"
    done
    # These the components insist on; what is not there yet is removed again when the node ends.
    for folder in /var/lib/cni /var/lib/kubelet /var/log/containers /opt/cni; do
        [ -e "$folder" ] || echo "$folder" >>"$state/made"
        mkdir -p "$folder" "$state/mounted$folder"
        mount --bind "$state/mounted$folder" "$folder"
    done
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/containerd /run/lock /run/netns /run/node/state /run/node/configuration
    mount --bind "$state" /run/node/state
    mount --bind "$here/configuration" /run/node/configuration
    mount --make-rshared /
}

# Loopback, and a pair of ends as the way out: the components want a default route, though nobody is there.
network() {
    ip link set lo up
    ip link add uplink type veth peer name nowhere
    ip link set nowhere up
    ip link set uplink up
    ip address add 172.31.255.1/24 dev uplink
    ip route add default via 172.31.255.254 dev uplink
    sysctl -qw net.ipv4.ip_forward=1
    iptables -t nat -A POSTROUTING -s 10.244.0.0/16 ! -d 10.0.0.0/8 -j MASQUERADE
}

# Runs a component, and again whenever it ends.
keep() {
    name=$1
    shift
    (while :; do
        "$@"
        echo "$name ended, $?"
        sleep 1
    done) >"$state/logs/$name.log" 2>&1 &
}

components() {
    pki=/run/node/state/pki
    configurations=/run/node/state/kubeconfigs
    keep containerd containerd --config /run/node/configuration/containerd.toml
    keep etcd kubernetes etcd --name node --data-dir /run/node/state/etcd --unsafe-no-fsync \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
        --initial-cluster node=http://127.0.0.1:2380
    keep kube-apiserver kubernetes kube-apiserver --etcd-servers=http://127.0.0.1:2379 \
        --service-cluster-ip-range=10.96.0.0/16 --advertise-address=172.31.255.1 --secure-port=6443 \
        --allow-privileged=true --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --client-ca-file=$pki/ca.pem --tls-cert-file=$pki/apiserver.pem --tls-private-key-file=$pki/apiserver-key.pem \
        --kubelet-client-certificate=$pki/kubelet-client.pem --kubelet-client-key=$pki/kubelet-client-key.pem \
        --kubelet-certificate-authority=$pki/ca.pem --kubelet-preferred-address-types=InternalIP \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file=$pki/service-accounts.pem \
        --service-account-signing-key-file=$pki/service-accounts-key.pem \
        --requestheader-client-ca-file=$pki/front-ca.pem --requestheader-allowed-names=front-proxy \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file=$pki/front-proxy.pem --proxy-client-key-file=$pki/front-proxy-key.pem
    # The controllers end for good if they begin before the first roles are there.
    until kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
    controllers=$configurations/controllers.json
    keep kube-controller-manager kubernetes kube-controller-manager --kubeconfig=$controllers \
        --authentication-kubeconfig=$controllers --authorization-kubeconfig=$controllers --leader-elect=false \
        --root-ca-file=$pki/ca.pem --service-account-private-key-file=$pki/service-accounts-key.pem \
        --use-service-account-credentials=true --cluster-signing-cert-file=$pki/ca.pem \
        --cluster-signing-key-file=$pki/ca-key.pem --allocate-node-cidrs=true --cluster-cidr=10.244.0.0/16 \
        --service-cluster-ip-range=10.96.0.0/16 --horizontal-pod-autoscaler-sync-period=5s
    scheduler=$configurations/scheduler.json
    keep kube-scheduler kubernetes kube-scheduler --kubeconfig=$scheduler --authentication-kubeconfig=$scheduler \
        --authorization-kubeconfig=$scheduler --leader-elect=false
    keep kubelet kubernetes kubelet --config=/run/node/configuration/kubelet.yaml \
        --kubeconfig=$configurations/kubelet.json --hostname-override=node --node-ip=172.31.255.1 --cert-dir=$pki
    keep kube-proxy kubernetes kube-proxy --config=/run/node/configuration/kube-proxy.yaml --hostname-override=node
    # It enforces policies and nothing else.
    keep kube-router kube-router --run-router=false --run-service-proxy=false --run-firewall=true \
        --kubeconfig=$KUBECONFIG --hostname-override=node
}

if [ "$1" = begin ]; then
    begin
fi
export PATH=$state/programs:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=$state/kubeconfigs/admin.json
mkdir -p "$state/logs"
hostname node
mounts
network
components
# Process 1 inherits orphans, and buries them.
while :; do
    wait -n
    sleep 1
done
