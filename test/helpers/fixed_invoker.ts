import type { Invoker } from '@agentcoord/contract';
import type { Database } from '../../packages/core/src/database.ts';
import { invoke } from '../../packages/core/src/invoke.ts';

const session_id = '019a8e7c-2f64-7cc1-9d0e-5a1b2c3d4e5f';

const holder = {
  agent: 'ada',
  agent_type: 'codex',
  reason: 'refactoring',
  since: '2026-11-01T10:00:00+00:00',
  expires_at: '2026-11-01T10:15:00+00:00',
};

const answers: Record<string, (args: Record<string, unknown>) => unknown> = {
  acquire_lock: ({ p_paths }) => ({
    acquired: false,
    blocked_by: (p_paths as string[]).slice(0, 1).map((path) => ({ path, ...holder })),
    blocked_count: (p_paths as string[]).length,
    position: 1,
    hint: 'Work on something else.',
  }),
  check_locks: () => ({
    locks: [{ path: 'a.ts', ...holder, session_id, shared: false, token: 7, mine: false, waiting: 0 }],
    truncated: false,
  }),
  list_tasks: () => ({ tasks: [], next_before: null }),
  read_handoff: () => ({ handoffs: [] }),
  catch_up: ({ p_mark }) => ({ news: [p_mark ? 'marked' : 'not marked'], since: null, truncated: false }),
  complete_work: () => ({
    error: { code: 'conflict', message: 'The claim has passed on.', hint: 'Stop.', details: { claim_token: 8 } },
  }),
  list_guardrail_rules: () => ({ version: 0, rules: [] }),
  discover_agents: () => {
    throw new Error('password=hunter2 at /srv/secret');
  },
};

const database: Database = {
  kind: 'embedded',
  call: async (name, args) => answers[name]?.(args),
  close: async () => {},
};

const caller = { project_id: 1, agent: 'grace', agent_type: 'test', trust: 2 };

/** The real `invoke` over answers that never change. */
export const fixedInvoker: Invoker = {
  invoke: (operation, input, options) => invoke(database, operation, { ...caller, ...options }, input),
};
