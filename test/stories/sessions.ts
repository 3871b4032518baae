import { expect, test } from 'vitest';
import type { Door } from '../doors/door.ts';
import type { Story } from './story.ts';

/** What every door must let agents know of each other. */
export function tellOfSessions(door: Door, story: () => Story): void {
  test('an agent says who it is, and others see it', async () => {
    const [ann, bob] = await story().pair();
    const said = { agent_type: 'codex', capabilities: ['typescript'], working_on: 'the parser' };
    const { session_id, ...rest } = await ann.registerSession(said);
    expect(rest).toMatchObject({ agent: 'ann', agent_type: 'codex', project: 'story' });
    expect((await ann.registerSession(said)).session_id).toBe(session_id);
    const seen = { agent: 'ann', session_id, presence: 'active', working_on: 'the parser', me: false };
    const { agents } = await bob.discoverAgents({ capability: 'typescript' });
    expect(agents).toMatchObject([seen]);
    expect((await ann.discoverAgents()).agents.filter(({ me }) => me)).toMatchObject([{ session_id }]);
  });

  test('a heartbeat renews claims and says what is being done', async () => {
    const ann = await story().enter('ann');
    const { session_id } = await ann.registerSession();
    const { task_id } = await ann.submitWork({ title: 'long', type: 'long' });
    const { claim_token = 0, claim_expires_at = '' } = await ann.getWork({ types: ['long'], lease_seconds: 60 });
    expect(await ann.heartbeat({ working_on: 'thinking' })).toMatchObject({ session_id, renewed_claims: 1 });
    const renewed = await ann.getTask({ task_id });
    expect(Date.parse(renewed.claim_expires_at ?? '')).toBeGreaterThan(Date.parse(claim_expires_at));
    expect(await ann.getTaskBoard()).toMatchObject({
      agents: expect.arrayContaining([
        expect.objectContaining({ agent: 'ann', working_on: 'thinking', tasks: [{ task_id, title: 'long' }] }),
      ]),
      tasks: { claimed: 1 },
    });
    await ann.completeWork({ task_id, claim_token });
  });

  test('ending a session frees its locks and gives its tasks back', async () => {
    const [ann, cat] = await Promise.all([story().enter('ann'), story().enter('cat')]);
    await cat.acquireLock({ paths: ['cat.ts'] });
    const { task_id } = await cat.submitWork({ title: 'left', type: 'left' });
    await cat.getWork({ types: ['left'] });
    expect(await cat.endSession({ reason: 'lunch' })).toMatchObject({ released_locks: 1, returned_tasks: 1 });
    expect((await ann.acquireLock({ paths: ['cat.ts'] })).acquired).toBe(true);
    expect(await ann.getWork({ types: ['left'] })).toMatchObject({ claimed: true, task: { task_id, attempt: 1 } });
    const { agents } = await ann.discoverAgents();
    expect(agents.filter(({ agent }) => agent === 'cat')).toEqual([]);
  });

  test.runIf(door.beats)('a lapsed session loses its locks, and its agent goes on in another', async () => {
    const [ann, dan] = await Promise.all([story().enter('ann'), story().enter('dan')]);
    const { session_id } = await dan.registerSession();
    await dan.acquireLock({ paths: ['dan.ts'] });
    await story().lapse(session_id);
    expect((await ann.acquireLock({ paths: ['dan.ts'] })).acquired).toBe(true);
    expect(await dan.acquireLock({ paths: ['dan.ts'] })).toMatchObject({
      acquired: false,
      blocked_by: [{ agent: 'ann' }],
    });
    expect((await dan.registerSession()).session_id).not.toBe(session_id);
  });
}
