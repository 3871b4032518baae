/** The standard input as a file. */
export const standardInput = '/dev/fd/0';

export const descriptorFile = (descriptor: number | string) => `/dev/fd/${descriptor}`;

/** The one name under which a file is kept: `./x` is `x`, and what is open goes by its number. */
export const fileName = (path: string) =>
  path
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/(?:\.?\/)+/g, '/')
    .replace(/^\/dev\/stdin$/, standardInput)
    .replace(/^\/proc\/[^/]+(?:\/task\/[^/]+)?\/fd\/(?=\d+$)/, '/dev/fd/');

/** Whether a program that is given this name reads its standard input. */
export const isStandardInput = (path: string) => path === '-' || fileName(path) === standardInput;
