/** Chance that replays: the same seed gives the same throws. */
export class Dice {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** Dice of their own for one purpose, so that what one client throws does not depend on what others did before. */
  for(purpose: string): Dice {
    let seed = this.#seed ^ 0x9e3779b9;
    for (const letter of purpose) seed = Math.imul(seed ^ letter.charCodeAt(0), 0x01000193);
    return new Dice(seed);
  }

  /** From 0 to below 1. Mulberry32: short, and even enough for choosing faults. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)] as Item;
  }
}
