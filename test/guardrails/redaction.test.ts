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
  `npm config set //registry.npmjs.org/:_authToken ${secret}`,
  `PGPASSWORD=${secret} psql -c 'drop table x'`,
  `app --password ${secret}`,
  `ALTER USER ann PASSWORD '${secret}'`,
  `vault login token ${secret}`,
  `app --api-key="${secret}"`,
  `curl -u ann:${secret} https://x.example`,
])('the secret is taken out of %s', (text) => {
  expect(excerpt(text)).not.toContain(secret);
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
])('nothing is taken out of %s', (text) => expect(excerpt(text)).toBe(text));
