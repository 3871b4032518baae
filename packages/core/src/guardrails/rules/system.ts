import { rulesOf } from './rule.ts';

export const systemRules = rulesOf('system', {
  disk_destruction: ['block', 4, 'It overwrites or formats a disk.', 'Ask a person who looks after the machine.'],
  remote_code: [
    'block',
    3,
    'It runs code from the network that nobody has read.',
    'Download it, read it, then run the file; or use the package manager.',
  ],
  reverse_shell: ['block', null, 'It gives another machine a shell on this one.', 'There is no good use for this.'],
  fork_bomb: ['block', null, 'It starts processes until the machine stands still.', 'There is no good use for this.'],
  machine_stop: ['block', 4, 'It stops or restarts the machine.', 'Ask a person who looks after the machine.'],
  process_sweep: ['warn', 3, 'It ends processes by name, also those of others.', 'End by id what you started.'],
  all_processes: ['block', 4, 'It ends all processes.', 'End by id what you started.'],
  system_settings: ['block', 3, 'It changes users, services or the firewall.', 'Ask a person.'],
  hidden_command: [
    'needs_approval',
    3,
    'What it runs cannot be seen in the text.',
    'Write the command out, or ask for approval.',
  ],
});

export const guardRules = rulesOf('guard', {
  guard_tampering: [
    'block',
    4,
    'It changes the settings, hooks or rules that guard this project.',
    'Ask an administrator; say which rule is in your way.',
  ],
  unparsable: [
    'needs_approval',
    4,
    'It cannot be parsed, so nobody can say what it does.',
    'Correct the quotes and brackets, or split it into simple commands.',
  ],
  too_large: ['block', null, 'It is too large to be checked.', 'Put it into a file, or split it.'],
  too_complex: ['block', null, 'It has too many or too deeply nested commands to be checked.', 'Split it.'],
  rules_unavailable: ['block', null, 'The rules of this project cannot be read now.', 'Try again in a moment.'],
  guard_failure: [
    'block',
    null,
    'The guard failed on this text.',
    'Report it as a defect; split the command meanwhile.',
  ],
});
