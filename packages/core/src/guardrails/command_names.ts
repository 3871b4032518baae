/** Commands that agents run: what tells a command line from a sentence. */
const names = new Set(
  `[ ack ag aider alembic alias ansible ansible-playbook apk apt apt-get argocd at awk aws az base64 basename bash bat bazel
  bb biome black blkdiscard bower brew bsdtar btrfs buildah bun bundle bunx bzip2 cabal cargo cat cd cdk chattr chgrp chmod chown
  chroot claude clang clear cmake cmp codex command compose composer conan conda cp cpan cron crontab cryptsetup csh curl cut
  dash date dbmate dc dd deno df diff dig dir direnv diskutil dmesg dnf docker docker-compose doas doctl dotnet dpkg drizzle-kit
  dropdb dropuser du duckdb echo egrep emacs env esbuild eslint etcdctl eval ex exec exit expect export fastlane fd fdisk
  ffmpeg fgrep file find firebase fish flake8 flask flutter fly flyctl flyway fmt fold gcc gcloud gdisk gem getent gh git gitk
  glab go goose gpg gradle gradlew grep groupadd gsutil gunicorn gunzip gzip halt hdparm head helm helmfile heroku hexdump
  history hostname htop http httpie hub id ifconfig initdb insmod install ip iptables java javac jest jobs journalctl jq just
  k kill killall kind knex ksh kubectl kustomize lerna less lessc ln locate login logrotate ls lsblk lsof lua lvremove mail make
  mamba man mariadb md5sum mdadm minikube mise mix mkdir mkfifo mkfs mktemp mkswap mocha mongo mongosh more mount mv mvn mypy
  mysql mysqladmin mysqldump nano nc ncat netcat netlify netstat next nginx nice ninja nix nix-shell nl node nodemon nohup npm
  npx nvim nvm nx oc od openssl osascript pacman parallel parted passwd paste patch perl pg_ctl pg_dump pg_restore pgrep php
  ping pip pip3 pipenv pipx pkill playwright pnpm podman poetry poweroff pre-commit prettier printenv printf prisma ps psql
  pulumi pushd pwd pwsh pylint pytest python python2 python3 rails rake rcat rclone readlink realpath reboot redis-cli renice
  rg rimraf rm rmdir rmmod rsync ruby ruff rustc rustup sam scp screen sed semantic-release seq serverless service sh sha256sum
  shred shutdown skaffold sleep sls socat sort source split sqlcmd sqlite3 ssh ssh-add ssh-keygen stat strace strings su sudo
  supabase svn swift sync sysctl systemctl tail tar tee telnet terraform terragrunt test time timeout tmux tofu top touch tr
  tree truncate tsc tsx tty turbo twine type ufw uglifyjs umount uname uniq unlink unset unxz unzip uptime useradd userdel
  usermod uv uvicorn uvx vagrant vault vercel vi vim visudo vite vitest wait watch wc webpack wget which who whoami wipefs
  wrangler xargs xxd xz yarn yq yum zcat zip zpool zsh agentcoord busybox chronic ionice setsid stdbuf toybox unbuffer
  declare local readonly set shift trap builtin cmd powershell remove-item del rd format iex reindex apk flock script nsenter
  unshare crane skopeo ko helmfile mkfs.ext4 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs for while until if case function dropuser
  sequelize typeorm artisan django-admin redis valkey-cli security op pass srm wipe tofu eksctl kamal railway jsr vsce ovsx`
    .split(/\s+/)
    .filter(Boolean),
);

/** PowerShell does not care about capitals: Remove-Item is remove-item. */
export const plainCmdlet = (word: string) => (/^[A-Z][a-z]+-[A-Z][A-Za-z]+$/.test(word) ? word.toLowerCase() : word);

export function isCommandName(word: string): boolean {
  return (
    names.has(plainCmdlet(word)) ||
    /^(\.{1,2}|~)?\/\S+$/.test(word) ||
    /^(python|pip|node|ruby|perl|php)\d[\d.]*$/.test(word)
  );
}

/** Words of sentences, which stand among the arguments of no command. */
export const sentenceWords =
  /^(a|an|the|is|are|was|were|be|been|must|should|shall|will|would|can|could|may|might|never|not|no|and|or|but|if|when|then|than|that|this|these|those|it|its|we|you|they|i|our|your|their|of|with|without|because|so|as|at|by|into|about|which|who|what|why|how|does|doesn't|don't|do|did|has|have|had|needs?|fails?|works?|instead|vs|versus|always|only|every|all|any|some|after|before|while|on|in|from|to|for)$/i;
