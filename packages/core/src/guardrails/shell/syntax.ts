import type { SyntaxNode } from 'unbash';

/** A node of the syntax tree, by its type. */
export type Node<Type extends SyntaxNode['type']> = Extract<SyntaxNode, { type: Type }>;
