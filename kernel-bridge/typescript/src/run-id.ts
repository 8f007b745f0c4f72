const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new run id: when it was made, to the second, and eight random letters. */
export const newRunId = (): string => {
  const when = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `${when}-${Array.from(random, byte => alphabet[byte % alphabet.length]).join('')}`;
};
