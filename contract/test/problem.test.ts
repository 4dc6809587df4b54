import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check, codes, problem, problemBody, problems, problemType } from '../src/index.ts';

test('every code says what its user and its operator do, and fits the schema of problems', () => {
  for (const code of codes) {
    assert.match(code, /^[A-Z]+(?:_[A-Z]+)*$/);
    const { status, title, user, operator } = problems[code];
    assert.ok(status >= 400 && status <= 599 && title && user && operator, code);
    assert.equal(check(problem, problemBody(code, 'request')).ok, true, code);
  }
  assert.equal(new Set(codes.map(problemType)).size, codes.length);
});

test('a problem carries what it is given and nothing undefined', () => {
  const errors = [{ field: 'owner.email', problem: 'is missing', fix: 'send a string' }];
  assert.deepEqual(problemBody('REQUEST_INVALID', 'r1', { errors }), {
    type: '/problems/request-invalid',
    title: 'A part of this request is not as the contract says',
    status: 400,
    code: 'REQUEST_INVALID',
    request_id: 'r1',
    errors,
  });
  assert.deepEqual(problemBody('VERSION_STALE', 'r2', { current: { version: 4 } }).current, { version: 4 });
});
