import { z } from 'zod';
import { agentFields, instant, repositoryPath, uuid } from './fields.ts';

const lines = (description: string) => z.array(z.string().max(2000)).max(20).describe(description);

/** What a handoff says. */
export const handoffContents = {
  summary: z.string().min(1).max(10_000).describe('Where things stand, for somebody who knows nothing of it.'),
  completed: lines('What is done.'),
  in_progress: lines('What is begun, and how far.'),
  decisions: lines('What was decided, and why.'),
  next_steps: lines('What to do next.'),
  relevant_files: z.array(repositoryPath('File.')).max(100).describe('Where to look.'),
};

export const automatic = z
  .boolean()
  .describe('True: the session ended without one, and this was put together from the journal.');

/** What register_session offers of a handoff. */
export const handoffOffer = z.object({
  handoff_id: uuid('Ask read_handoff for it.'),
  agent: agentFields.agent,
  created_at: instant('When.'),
  automatic,
  summary: z.string().describe('How it begins.'),
});
