import { afterAll, beforeAll, describe, test } from 'vitest';
import { doors } from './doors/index.ts';
import { cloneDatabase } from './helpers/database.ts';
import { tellOfCalls } from './stories/calls.ts';
import { tellOfHandoffs } from './stories/handoffs.ts';
import { tellOfLocks } from './stories/locks.ts';
import { tellOfMessages } from './stories/messages.ts';
import { tellOfSessions } from './stories/sessions.ts';
import { Story } from './stories/story.ts';
import { tellOfWork } from './stories/work.ts';

describe.each(doors)('$name', (door) => {
  if (door.missing) {
    console.log(`${door.name}: not tried, because ${door.missing}`);
    // A file in which no test stands would fail; this one says in its name what is missing.
    test.skip(`everything: ${door.missing}`, () => {});
    return;
  }
  const cleanup = new AsyncDisposableStack();
  let story: Story;
  beforeAll(async () => {
    const db = cleanup.use(await cloneDatabase());
    story = new Story(door, db, cleanup.use(await door.open(db)));
  });
  afterAll(() => cleanup.disposeAsync());

  const current = () => story;
  tellOfSessions(door, current);
  tellOfLocks(current);
  tellOfWork(current);
  tellOfMessages(current);
  tellOfHandoffs(current);
  tellOfCalls(door, current);
});
