/** More characters than are looked at in front of inline code. */
const furthest = 120;

/** Verbs of doing, and what stands for them, so close to the code that they are about it. */
const verbs =
  /\b(?:run|execute|perform|type|enter|invoke|issue|call|launch|start|use|using|via|with|then|do(?!\s+not\b)|by running)\b/gi;
const closest = 40;

/** Where a clause ends that has nothing to do with the next one, unless it was a "never," that goes on. */
const clauseEnd = /(?<!\b(?:not|never)),|[;:]|\b(?:and|but)\b|\b(?=then\b)/gi;

const negation = String.raw`\b(?:not|never|no|no longer|cannot|avoid|stop|without|instead of|rather than)\b|n['’]t\b`;

/** What may stand between a negation and its verb: "do not forget to run" is none. */
const between =
  'ever|even|just|simply|blindly|accidentally|directly|manually|again|yet|also|or|let|allow|allowed|permit|ask|tell|want|try|attempt|able|need|needed|necessary|reason|have|be|been|to|it|them|us|you|we|they|anyone|anybody|someone|somebody|agents?|people|users?|others|the|an?|any|all|code|scripts?|ci|tests?|should|must|may|can|will|from|of|safe|good|idea|recommended|supposed|wise';

const negated = new RegExp(String.raw`(?:${negation})(?:[\s,]+(?:${between}))*[\s,]*$`, 'i');
/** "You must not, whatever happens, run", and "never do this: run". */
const inserted =
  /(?:\b(?:not|never)|n['’]t),[^,;:]*,\s*$|(?:\b(?:not|never)|n['’]t)\s+(?:do|run|use|try)\s+(?:this|that|these|it|so|the\s+following):\s*$/i;

/** Verbs of telling and of forbidding: who is to do that is not to do what they are about. */
const talk =
  /\b(?:forbids?|block(?:s|ed)?|refuse[sd]?|reject(?:s|ed)?|detect(?:s|ed)?|prevents?|mentions?|documents?|explains?|why|catch(?:es)?|warns?|disallow(?:s|ed)?|bans?|banned)\b/i;
/** Verbs that are about what follows unless it is an order itself: "remove the use of" is one thing, "delete it, run" two. */
const removal = /\b(?:remove|delete|replace|stop|avoid)\b/i;
/** "To avoid problems run": what something is done for. */
const purpose = /^\s*(?:in\s+order\s+|if\s+you\s+want\s+)?to\s/i;
const noun = /\b(?:the|an?|any|every|each|all|its|their|of|to|that|which|who|from)\s+$/i;

/** What stands between the order and the code makes the code something else: "use this instead of", "run a test that rejects". */
const turned = new RegExp(String.raw`${negation}|${talk.source}|\b(?:remove|delete|replace|do not|doesn't)\b`, 'i');

/** Whether what stands in front of inline code orders to run it. A negation counts when it is about the verb that orders. */
export function isOrdered(line: string, at: number): boolean {
  const text = line.slice(Math.max(0, at - furthest), at);
  const sentence = text.slice(Math.max(...[...'.!?\n`'].map((mark) => text.lastIndexOf(mark))) + 1);
  const last = [...sentence.matchAll(verbs)].at(-1);
  if (!last || sentence.length - last.index - last[0].length > closest) return false;
  const ends = [...sentence.slice(0, last.index + 1).matchAll(clauseEnd)];
  const end = ends.at(-1);
  const start = end ? end.index + end[0].length : 0;
  const clause = sentence.slice(start);
  // "Never run it with …": what comes first is what the others are about.
  const [first] = [...clause.matchAll(verbs)];
  if (!first) return false;
  const [before, behind] = [clause.slice(0, first.index), clause.slice(first.index + first[0].length)];
  if (negated.test(before) || inserted.test(sentence.slice(0, start)) || turned.test(behind)) return false;
  if (purpose.test(before)) return true;
  const isNoun = noun.test(before) || /^with$/i.test(first[0]);
  return !talk.test(before) && !(removal.test(before) && isNoun);
}
