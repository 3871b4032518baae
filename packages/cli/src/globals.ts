import { Option } from 'commander';

/** Options that every command takes. */
export interface Globals {
  json?: boolean;
  project?: string;
  agent?: string;
  idempotencyKey?: string;
}

export function globalOptions(): Option[] {
  return [
    new Option('--json', 'print JSON on stdout, errors included'),
    new Option('--project <name>', 'project, instead of the one of this folder'),
    new Option('--agent <id>', 'who you are, instead of AGENT_ID'),
    new Option('--idempotency-key <key>', 'the same key and input: one effect and the same answer'),
  ];
}
