import { type Finding, type Subject, skipped } from './finding.ts';

/** Longest difference of clocks that is not worth a word, in seconds. The database's alone counts. */
const clockTolerance = 5;

/** Whether what was acknowledged survives a crash of the database. */
export async function checkDurability({ diagnosis }: Subject): Promise<Finding> {
  const { health } = (await diagnosis()) ?? {};
  if (!health) return skipped;
  const unsafe = Object.entries(health.settings).filter(([, value]) => value === 'off');
  if (unsafe.length === 0) return { ok: true, detail: 'fsync, full_page_writes and synchronous_commit are on' };
  const names = unsafe.map(([name]) => name).join(', ');
  return { ok: false, detail: `${names} off: a crash may undo what was acknowledged.`, hint: `Switch ${names} on.` };
}

export async function checkClock({ diagnosis }: Subject): Promise<Finding> {
  const { health } = (await diagnosis()) ?? {};
  if (!health) return skipped;
  const difference = Math.round((Date.now() - Date.parse(health.now)) / 1000);
  const detail = `this machine is ${Math.abs(difference)} s ${difference < 0 ? 'behind' : 'ahead of'} the database`;
  if (Math.abs(difference) <= clockTolerance) return { ok: true, detail: 'agrees with the database' };
  return { ok: true, detail: `${detail}; harmless, since only the clock of the database counts` };
}
