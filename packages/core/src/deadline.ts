/** The answer, or after that many milliseconds the error that `expire` makes. */
export function within<Answer>(
  milliseconds: number,
  answer: PromiseLike<Answer>,
  expire: () => Error,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(expire()), milliseconds);
    answer.then(resolve, reject).then(() => clearTimeout(timer));
  });
}
