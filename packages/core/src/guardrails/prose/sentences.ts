import type { Command } from 'unbash';
import { sentenceWords } from '../command_names.ts';

/** Words that make a sentence wherever they stand among words: finite verbs, negations, conjunctions of clauses. */
const predicates =
  /^(is|are|was|were|must|should|shall|will|would|can|cannot|could|may|might|never|not|does|did|do|has|have|had|needs|fails|works|breaks|throws|loses|overwrites|destroys|discards|crashes|hangs|because|instead|vs|versus|that|which|isn't|aren't|can't|doesn't)$/i;

/** Arguments of these are text, so that words of sentences say nothing. */
const textual = new Set(
  'echo printf true false : say logger wall banner figlet cowsay notify-send exit return'.split(' '),
);

/** Whether what parses as a command is the clause of a sentence: "rm -rf is dangerous", "find the cause". */
export function isSentence({ name, args }: Command): boolean {
  if (!name || name.text !== name.value || textual.has(name.value)) return false;
  const words = args.map((word) => (word.type === 'Word' && !word.parts && word.text === word.value ? word.value : ''));
  // Each mark begins one run at most: a word may be nothing but marks.
  const plain = words.map((word) => word.replace(/(?<![.,:!?])[.,:!?]+$/, ''));
  if (plain.some((word) => predicates.test(word))) return true;
  // The last word of a sentence is none of the others: `rm -rf a` ends where a sentence would go on.
  const small = [...plain.keys()].filter((at) => at + 1 < plain.length && sentenceWords.test(plain[at] as string));
  const option = words.findLastIndex((word) => /^-./.test(word));
  if (option < 0) return small.length > 0;
  // Options belong to a command; it takes more to be talked about: "rm -rf in scripts", "rm -rf / of the root".
  const telling = small.filter((at) => !/^[ai]$/i.test(plain[at] as string));
  return telling.includes(option + 1) || telling.length > 1;
}
