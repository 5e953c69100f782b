mkdir -p ssh /run/sshd && cd ssh
ssh-keygen -q -t ed25519 -N '' -f host && ssh-keygen -q -t ed25519 -N '' -f key
cp key.pub authorized
port=$(jq -n 'now * 1000 % 20000 + 20000 | floor')
cat >sshd_config <<EOT
Port $port
ListenAddress 127.0.0.1
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
StrictModes no
PermitRootLogin yes
UsePAM no
PidFile $PWD/pid
SetEnv PATH=$PATH OPENAI_BASE_URL=$OPENAI_BASE_URL OPENAI_API_KEY=$OPENAI_API_KEY
EOT
cat >config <<EOT
Host one two
HostName 127.0.0.1
Port $port
IdentityFile $PWD/key
IdentitiesOnly yes
StrictHostKeyChecking no
UserKnownHostsFile $PWD/known
LogLevel ERROR
EOT
printf '#!/bin/sh\nexec ssh -F %s/config "$@"\n' "$PWD" >via && chmod +x via
/usr/sbin/sshd -f "$PWD/sshd_config" -E log
for try in $(seq 100); do ./via one true && break; sleep 0.1; done
cd ..
