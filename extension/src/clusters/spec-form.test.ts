import { expect, it } from 'vitest';
import { emptyForm, formFor, problemsOf, specOf } from './spec-form.js';

it('leaves what is empty to its default', () => {
  expect(specOf(emptyForm)).toBe('provider: local\nname: local\n');
  expect(specOf({ ...emptyForm, cpus: ' 2 ', idleStopMinutes: '30' })).toBe(
    'provider: local\nname: local\ncpus: 2\nidle_stop_minutes: 30\n'
  );
});

it('says what the schema says about a field', () => {
  expect(problemsOf(emptyForm)).toEqual([]);
  const problems = problemsOf({ ...emptyForm, provider: 'existing', name: 'Team', address: 'nonsense', cpus: 'many' });
  expect(problems.map(problem => problem.path)).toEqual(['/name', '/address']);
});

it('another provider has another usual name, and a name that a person wrote stays', () => {
  const existing = formFor(emptyForm, 'existing');
  expect([existing.name, formFor(existing, 'local').name]).toEqual(['team', 'local']);
  expect(formFor({ ...emptyForm, name: 'mine' }, 'existing').name).toBe('mine');
});
