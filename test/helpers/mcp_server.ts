/**
 * The MCP door on stdio over fixed answers, for tests of the protocol alone: framing, exits, purity of stdout.
 * The environment says what goes wrong: OPEN_MS (the database is slow), OPEN_FAILS (it is away for so many attempts),
 * NOISE (something prints), CLOSED_FILE (written when the session ends), CLOSE_MS (ending it takes that long).
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CoordinationError, operationsOf } from '@agentcoord/contract';
import { serveStdio } from '@agentcoord/mcp';
import { fixedInvoker } from './fixed_invoker.ts';

const { OPEN_MS = '0', OPEN_FAILS = '0', CLOSE_MS = '0', CLOSED_FILE, NOISE } = process.env;
let failures = Number(OPEN_FAILS);

serveStdio({
  operations: operationsOf(),
  version: '0.0.0-test',
  openInvoker: async () => {
    await delay(Number(OPEN_MS));
    if (failures-- > 0) throw new CoordinationError({ code: 'unavailable', message: 'Away.', hint: 'Call again.' });
    return fixedInvoker;
  },
  onClose: async () => {
    await delay(Number(CLOSE_MS));
    if (CLOSED_FILE) writeFileSync(CLOSED_FILE, 'closed');
  },
});

if (NOISE) {
  const chatter = () => {
    console.log('{"jsonrpc":"2.0","method":"notifications/forged"}');
    process.stdout.write('NOTICE: the database logs an error\n');
  };
  chatter();
  setInterval(chatter, 5).unref();
}
