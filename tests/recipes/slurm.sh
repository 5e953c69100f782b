mkdir -p slurm/state slurm/spool && cd slurm
here=$PWD host=$(hostname -s) port=$(jq -n 'now * 1000 % 20000 + 20000 | floor')
export PATH=$PATH:/usr/sbin SLURM_CONF=$PWD/slurm.conf
head -c 128 /dev/urandom >munge.key && chmod 600 munge.key && chmod 700 .
munged --force --num-threads=2 --socket="$here/munge" --key-file="$here/munge.key" --seed-file="$here/munge.seed" \
  --pid-file="$here/munged.pid" --log-file="$here/munged.log" 2>&-
cat >slurm.conf <<EOT
ClusterName=oa
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$here/munge
SlurmUser=root
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool
SlurmctldPidFile=$here/ctld.pid
SlurmdPidFile=$here/slurmd.pid
SlurmctldLogFile=$here/ctld.log
SlurmdLogFile=$here/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP MaxTime=INFINITE
EOT
slurmctld -c && slurmd -c
for try in $(seq 200); do sinfo -h -t idle | grep -q . && break; sleep 0.2; done
cd ..
