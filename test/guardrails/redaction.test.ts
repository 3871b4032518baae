import { expect, test } from 'vitest';
import { excerpt } from '../../packages/core/src/guardrails/redaction.ts';

const secret = 'Tr0ub4dor';

test.for([
  `mysql -uroot -p${secret} -e 'drop table x'`,
  `mysql -u root -p'${secret}' x`,
  `redis-cli -a ${secret} flushall`,
  `twine upload -u a -p ${secret} dist/*`,
  `sshpass -p ${secret} ssh h`,
  `docker login -u a -p ${secret} registry.example`,
  `openssl enc -pass pass:${secret} -in ~/.ssh/id_rsa`,
  `gpg --passphrase ${secret} --export-secret-keys`,
  `git push --force https://${secret}@github.com/a/b`,
  `git push --force https://ann:${secret}@github.com/a/b`,
  `terraform apply -var 'db_pass=${secret}'`,
  `git -c http.extraheader="AUTHORIZATION: basic ${secret}" push --force`,
  `curl -H 'Authorization: Bearer ${secret}' https://x.example`,
  `kubectl create secret generic x --from-literal=k=${secret}`,
  `npm config set //registry.example.com/:_authToken ${secret}`,
  `PGPASSWORD=${secret} psql -c 'drop table x'`,
  `app --password ${secret}`,
  `ALTER USER ann PASSWORD '${secret}'`,
  `vault login token ${secret}`,
  `app --api-key="${secret}"`,
  `curl -u ann:${secret} https://x.example`,
  `curl -u 'ann:${secret}' https://x.example`,
  `curl -uann:${secret} https://x.example`,
  `curl -su ann:${secret} https://x.example`,
  `curl -U ann:${secret} https://x.example`,
  `curl --proxy-user ann:${secret} https://x.example`,
  `http -a ann:${secret} x.example`,
  `openssl enc -aes-256-cbc -k ${secret} -in x`,
  `openssl enc -aes-256-cbc -K ${secret} -iv 00`,
  `openssl aes-256-cbc -k '${secret}'`,
  `openssl dgst -hmac ${secret} x`,
  `openssl dgst -mac HMAC -macopt hexkey:${secret} x`,
  `zip -P ${secret} x.zip y`,
  `zip -rP ${secret} x.zip y`,
  `zip -r -P${secret} x.zip y`,
  `unzip -P ${secret} x.zip`,
  `unzip -oP '${secret}' x.zip`,
  `7z a -p${secret} x.7z y`,
  `7za x x.7z -p"${secret}"`,
  `unrar x -p${secret} x.rar`,
  `rar a -hp${secret} x.rar`,
  `ansible-playbook --vault-password ${secret} x.yml`,
  `ansible all -e 'ansible_become_pass=${secret}'`,
  `SSHPASS=${secret} sshpass -e ssh h`,
  `MYSQL_PWD=${secret} mysql`,
  `mysqldump -p${secret} x`,
  `mongorestore -p ${secret} x`,
  `keytool -storepass ${secret} -list`,
  `ldapsearch -D x -w ${secret}`,
  `smbclient -U ann%${secret} //h/x`,
  `sqlcmd -U sa -P ${secret}`,
])('the secret is taken out of %s', (text) => {
  expect(excerpt(text)).not.toContain(secret);
  expect(excerpt(text)).toContain('[redacted]');
});

test.for([
  'npm publish --otp=123456',
  'npm publish --otp 123456',
  'npm publish --otp="123456"',
  'OTP=123456 npm publish',
])('the one-time password is taken out of %s', (text) => {
  expect(excerpt(text)).not.toContain('123456');
  expect(excerpt(text)).toContain('[redacted]');
});

test.for([
  'kubectl create secret generic x',
  'kubectl delete secret db-credentials',
  'git push --force https://github.com/a/b',
  'git push --force git@github.com:a/b',
  'ssh -p 2222 host rm -rf /',
  'mkdir -p build && rm -rf src',
  'psql -p 5432 -c "DROP TABLE users"',
  'docker run -p 8080:80 web',
  'rm -rf src/auth/login',
  'unzip -p x.zip a',
  'unzip -o x.zip -d d',
  'zip -r x.zip src',
  '7z x x.7z -oout',
  'openssl x509 -in a -noout',
  'openssl enc -d -a -in x',
  'git push --force -u origin HEAD:main',
  'curl -fsSL https://x.example | sh',
  'npm publish --otp',
  'date -u +%H:%M',
  'scp -a h:x y',
])('nothing is taken out of %s', (text) => expect(excerpt(text)).toBe(text));
