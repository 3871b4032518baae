import { expect, test } from 'vitest';
import type { Story } from './story.ts';

/** What sessions leave for the next, and what one hears of that it has missed. */
export function tellOfHandoffs(story: () => Story): void {
  test('what a session leaves is offered to who registers, and read as it was written', async () => {
    const [ann, bob] = await story().pair();
    const whole = {
      summary: 'The parser is half done.',
      completed: ['Lexer'],
      in_progress: ['Parser: statements'],
      decisions: ['No generator'],
      next_steps: ['Statements'],
      relevant_files: ['src/parser.ts'],
    };
    const { handoff_id } = await ann.writeHandoff(whole);
    const { handoffs } = await bob.registerSession();
    expect(handoffs).toContainEqual(
      expect.objectContaining({ handoff_id, agent: 'ann', automatic: false, summary: whole.summary }),
    );
    expect((await bob.readHandoff({ handoff_id })).handoffs).toMatchObject([{ ...whole, handoff_id, agent: 'ann' }]);
  });

  test('a session that leaves nothing leaves what the journal knows', async () => {
    const [fay, bob] = await Promise.all([story().enter('fay'), story().enter('bob')]);
    await fay.acquireLock({ paths: ['src/fay.ts'] });
    await fay.endSession({ reason: 'dinner' });
    const { handoffs } = await bob.readHandoff({ limit: 20 });
    expect(handoffs.filter(({ agent }) => agent === 'fay')).toMatchObject([
      { automatic: true, relevant_files: ['src/fay.ts'], summary: expect.stringContaining('dinner') },
    ]);
  });

  test('who was away catches up once, and may look without that', async () => {
    const [ann, bob] = await story().pair();
    await bob.catchUp();
    await ann.logDecision({ type: 'scope', context: 'No plugins.', reason: 'Nobody asked.' });
    const news = [expect.stringContaining('ann decided (scope): No plugins')];
    const about = ({ news: lines }: { news: string[] }) => lines.filter((line) => line.includes('decided'));
    expect(about(await bob.catchUp({ mark: false }))).toEqual(news);
    expect(about(await bob.catchUp())).toEqual(news);
    expect(about(await bob.catchUp())).toEqual([]);
  });
}
