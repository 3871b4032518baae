import { rulesOf } from './rule.ts';

export const credentialRules = rulesOf('credential', {
  env_file: ['warn', null, 'It touches a .env file, which holds secrets.', 'Read .env.example; keep values out of it.'],
  secret_file: ['warn', null, 'It touches a file that holds secrets.', 'Ask for the one value that is needed.'],
  ssh_key: ['block', 4, 'It reads or changes a private key.', 'Use ssh-agent; nobody needs the key itself.'],
  private_key: ['block', 4, 'It reads out a private key or a password store.', 'Nobody needs the secret itself: ask.'],
  secret_disclosure: [
    'warn',
    3,
    'It prints secrets, which end up in a transcript.',
    'Test whether a value is set, without printing it.',
  ],
  secret_exfiltration: ['block', 4, 'It sends secrets to another machine.', 'Nothing secret leaves this machine.'],
});
