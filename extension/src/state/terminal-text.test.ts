import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText, styledText } from './terminal-text.js';

test('colours and weights become styles of the text between them', () => {
  expect(styledText('\x1b[1;31mloss\x1b[0m fell \x1b[38;5;196mfar\x1b[38;2;1;2;300m!')).toEqual([
    { text: 'loss', style: { isBold: true, color: 1 } },
    { text: ' fell ', style: {} },
    { text: 'far', style: { color: '#ff0000' } },
    { text: '!', style: { color: '#0102ff' } }
  ]);
});

test('titles, links and clipboard writes of a terminal vanish, also when they have no end', () => {
  const link = '\x1b]8;;https://evil.example\x07click\x1b]8;;\x1b\\ here\x1b]52;c;cm0gLXJm';
  expect(plainText(link)).toBe('click here');
  expect(styledText(link).map(each => each.text)).toEqual(['click', ' here']);
});

test('cursor movements, bells and marks that turn text around vanish; tabs and markup stay text', () => {
  expect(plainText('a\x1b[2K\x1b[1Ab\x07\u202ec\td<script>')).toBe('abc\td<script>');
});

test('whatever a run writes, no control character is left and styles do not change the text', () => {
  const nasty = fc.string({
    unit: fc.constantFrom('\x1b', '[', ']', '3', '8', ';', 'm', '5', '\x07', 'x', '\u202e', '\x9b')
  });
  fc.assert(
    fc.property(nasty, line => {
      // eslint-disable-next-line no-control-regex
      expect(plainText(line)).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
      expect(
        styledText(line)
          .map(each => each.text)
          .join('')
      ).toBe(plainText(line));
    })
  );
});

test('what a program said in colours is read line by line without them', () => {
  expect(plainText('\x1b[37mLocal node IP\x1b[39m: \x1b[1m127.0.0.1\x1b[22m\nnext')).toBe(
    'Local node IP: 127.0.0.1\nnext'
  );
});
