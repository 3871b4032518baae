import { Containers, indentedCode, Line } from './containers.ts';

/** What stands between two fences. */
export interface FencedBlock {
  language: string;
  lines: string[];
  /** Whoever reads it may take it for no block, or for one that ends before: nothing closes it, or it begins in a comment. */
  unsure: boolean;
}

interface Fence extends FencedBlock {
  character: string;
  length: number;
  indent: number;
}

/** Behind back-ticks stands no other one, or it would be inline code. */
const fencePattern = /^(?:(`{3,})([^`]*)|(~{3,})(.*))$/s;
const languagePattern = /^[\s{.]*([\w+#/-]*)/;

/** Where HTML begins in which a fence is none, and where it ends. */
const raw: readonly (readonly [start: RegExp, end: RegExp])[] = [
  [/^<!--/, /-->/],
  [/^<(?:pre|script|style|textarea)(?=[\s>]|$)/i, /<\/(?:pre|script|style|textarea)>/i],
  [/^<\?/, /\?>/],
  [/^<!\[CDATA\[/, /\]\]>/],
];

/**
 * Finds the fenced blocks of a text as CommonMark does: a fence is closed by one of the same character that is at least as
 * long and has nothing behind it, or where the quotation or the list that it is in ends. One with a language behind it
 * closes none there; somebody has forgotten to close the block before it, so that it ends, and is unsure.
 */
export class FencedBlocks {
  readonly #isFence: (language: string) => boolean;
  readonly #containers = new Containers();
  #fence: Fence | undefined;
  #rawEnd: RegExp | undefined;

  constructor(isFence: (language: string) => boolean = () => true) {
    this.#isFence = isFence;
  }

  /** Takes the next line: whether it is outside of blocks and no fence, and the block that it ends. */
  next(text: string): { isOutside: boolean; block?: FencedBlock | undefined } {
    const inRaw = this.#rawEnd !== undefined;
    if (this.#rawEnd?.test(text)) this.#rawEnd = undefined;
    const line = new Line(text);
    const entered = this.#containers.enter(line);
    const fence = this.#fence;
    if (fence && entered === this.#containers.depth) return { isOutside: false, block: this.#within(fence, line) };
    this.#containers.keep(entered);
    this.#fence = undefined;
    const indent = this.#containers.open(line);
    if (indent < indentedCode) {
      this.#fence = this.#opened(line.rest, indent, inRaw);
      if (!this.#fence && !inRaw) this.#rawEnd = rawEndOf(line.rest);
    }
    return { isOutside: this.#fence === undefined, block: fence };
  }

  /** The block that nothing has closed where the text ends. */
  end(): FencedBlock | undefined {
    const fence = this.#fence;
    this.#fence = undefined;
    return fence && { ...fence, unsure: true };
  }

  /** Takes a line of a block; answers the block when it ends there. */
  #within(fence: Fence, line: Line): FencedBlock | undefined {
    const taken = line.skip(fence.indent);
    const content = line.rest;
    const indent = taken + line.skip(indentedCode);
    const found = indent < indentedCode ? fenceOf(line.rest) : undefined;
    if (found?.run[0] !== fence.character || found.run.length < fence.length) {
      fence.lines.push(content);
      return undefined;
    }
    this.#fence = undefined;
    if (/^[ \t]*$/.test(found.behind)) return fence;
    this.#fence = this.#opened(line.rest, indent, fence.unsure);
    // What would have closed the one before closes this one.
    if (this.#fence) this.#fence.length = fence.length;
    return { ...fence, unsure: true };
  }

  #opened(text: string, indent: number, unsure: boolean): Fence | undefined {
    const found = fenceOf(text);
    if (!found) return undefined;
    const { run, behind } = found;
    const language = languagePattern.exec(behind)?.[1] ?? '';
    if (!this.#isFence(language)) return undefined;
    return { language, lines: [], unsure, character: run[0] as string, length: run.length, indent };
  }
}

/** The fence that a text is, and what stands behind it. */
function fenceOf(text: string): { run: string; behind: string } | undefined {
  const [, ticks, behindTicks = '', tildes, behindTildes = ''] = fencePattern.exec(text) ?? [];
  if (ticks !== undefined) return { run: ticks, behind: behindTicks };
  return tildes === undefined ? undefined : { run: tildes, behind: behindTildes };
}

function rawEndOf(text: string): RegExp | undefined {
  const [start, end] = raw.find(([pattern]) => pattern.test(text)) ?? [];
  return start && !end?.test(text.replace(start, '')) ? end : undefined;
}
