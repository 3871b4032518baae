/** What a call came to: an answer, or the code of an error. */
export type Answer = { answer: Record<string, unknown> } | { code: string };

/** A step whose meaning is settled: which call, by whom, about what. */
export interface Step {
  kind: string;
  /** Which of the actors. */
  actor: number;
}

/** What was so while a deed was done. */
export interface Circumstances<Deed extends Step> {
  /** Another one that was done at the same time, which may have had a row that this one passed over. */
  beside: Deed | undefined;
  /** What of that which had lapsed is supposed to have been given back; `rest`: but for what the other one had. */
  swept: 'nothing' | 'all' | 'rest';
}

/** What the product should do, said in the simplest way. */
export interface Model<Deed extends Step> {
  clone(): Model<Deed>;
  /** Does the deed, and says whether the product's answer is one that it may give then. */
  agrees(deed: Deed, answer: Answer, circumstances: Circumstances<Deed>): boolean;
  /** What tells two states apart. */
  fingerprint(): string;
}

/** The states that explain all answers so far: deeds at the same time may have happened in any order. */
export function explain<Deed extends Step>(
  candidates: readonly Model<Deed>[],
  deeds: readonly Deed[],
  answers: readonly Answer[],
): Model<Deed>[] {
  const alone = deeds.length === 1;
  const orders = alone
    ? [[0]]
    : [
        [0, 1],
        [1, 0],
      ];
  const explained = new Map<string, Model<Deed>>();
  for (const candidate of candidates) {
    for (const order of orders) {
      for (const swept of alone ? (['nothing'] as const) : (['nothing', 'all', 'rest'] as const)) {
        const model = candidate.clone();
        const agrees = (index: number) =>
          model.agrees(deeds[index] as Deed, answers[index] as Answer, { beside: deeds[1 - index], swept });
        if (order.every(agrees)) explained.set(model.fingerprint(), model);
      }
    }
  }
  return [...explained.values()];
}
