import { afterAll, beforeAll, describe } from 'vitest';
import { doors } from './doors/index.ts';
import { cloneDatabase } from './helpers/database.ts';
import { tellOfCalls } from './stories/calls.ts';
import { tellOfHandoffs } from './stories/handoffs.ts';
import { tellOfLocks } from './stories/locks.ts';
import { tellOfMessages } from './stories/messages.ts';
import { tellOfSessions } from './stories/sessions.ts';
import { Story } from './stories/story.ts';
import { tellOfWork } from './stories/work.ts';

// The stories of a door that cannot be opened here are listed as skipped, with the reason.
const told = doors.map((door) => ({ door, title: door.missing ? `${door.name}: ${door.missing}` : door.name }));

for (const { door, title } of told)
  describe.skipIf(door.missing !== undefined)(title, () => {
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
