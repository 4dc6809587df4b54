import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assets } from '../../src/pages/assets.ts';
import { html } from '../../src/pages/html.ts';
import { hueOf, initialsOf } from '../../src/pages/mark.ts';
import { type Element, elements, readPage, textOf } from './page-tree.ts';
import type { Sample } from './sample.ts';
import { samples } from './samples.ts';

const HOSTILE = `"><script>alert('1')</script><!--&lt;`;
const PLAIN = 'Plain text';

for (const sample of samples) {
  const page = readPage(sample.render());
  const all = elements(page);
  const byTag = (...tags: string[]) => all.filter(({ tag }) => tags.includes(tag));

  test(`${sample.name} has a language, a title, one h1 and one main`, () => {
    assert.equal(byTag('html')[0]?.attributes.get('lang'), 'en');
    assert.match(textOf(single(byTag('title'))), /BusinessOS/);
    assert.notEqual(textOf(single(byTag('h1'))).trim(), '');
    single(byTag('main'));
  });

  test(`${sample.name} runs no script, has no inline style and loads only files of ours`, () => {
    assert.deepEqual(byTag('script', 'style', 'iframe', 'object', 'embed', 'base'), []);
    for (const { attributes } of all) {
      assert.deepEqual(
        [...attributes.keys()].filter((name) => name === 'style' || name.startsWith('on')),
        [],
      );
    }
    for (const { attributes } of byTag('link'))
      assert.ok(assets.has(attributes.get('href') ?? ''), attributes.get('href'));
    for (const { attributes } of byTag('img'))
      assert.match(attributes.get('src') ?? '', /^data:image\/svg\+xml;base64,/);
  });

  test(`${sample.name} ties every control to a label and every reference to an id`, () => {
    const ids = all.map(({ attributes }) => attributes.get('id')).filter((id) => id !== undefined);
    assert.equal(new Set(ids).size, ids.length, 'an id is there twice');
    for (const { attributes } of controls(all)) {
      const id = attributes.get('id');
      const [label] = byTag('label').filter((candidate) => candidate.attributes.get('for') === id);
      assert.ok(id && label && textOf(label).trim() !== '', `${attributes.get('name')} has no label`);
    }
    for (const { attributes } of all) {
      const references = ['aria-describedby', 'aria-labelledby', 'for'].flatMap(
        (name) => attributes.get(name)?.split(' ') ?? [],
      );
      const anchor = attributes.get('href')?.match(/^#(.+)/)?.[1];
      for (const id of [...references, ...(anchor ? [anchor] : [])]) assert.ok(ids.includes(id), `${id} is nowhere`);
    }
  });

  test(`${sample.name} posts each form to its own host, with the token against cross-site requests`, () => {
    for (const form of byTag('form')) {
      assert.equal(form.attributes.get('method'), 'post');
      assert.match(form.attributes.get('action') ?? '', /^\/(?!\/)/);
      const [token] = elements(form).filter(({ attributes }) => attributes.get('name') === 'csrf');
      assert.equal(token?.attributes.get('type'), 'hidden');
      assert.notEqual(token?.attributes.get('value'), '');
      single(elements(form).filter(({ tag }) => tag === 'button'));
    }
  });

  test(`${sample.name} gives no password back and tells password managers what each one is`, () => {
    for (const { attributes } of byTag('input').filter((input) => input.attributes.get('type') === 'password')) {
      assert.equal(attributes.get('value'), undefined);
      assert.match(attributes.get('autocomplete') ?? '', /^(current|new)-password$/);
    }
  });

  test(`${sample.name} is the same page whatever is written in its props`, () => {
    const plain = readPage(sample.render(() => PLAIN));
    const hostile = readPage(sample.render(() => HOSTILE));
    assert.deepEqual(skeleton(hostile), skeleton(plain));
    assert.ok(occurrences(hostile, HOSTILE) > 0);
    assert.equal(occurrences(hostile, HOSTILE), occurrences(plain, PLAIN));
  });
}

for (const name of samples.map((sample) => sample.name).filter((one) => one.includes('refused'))) {
  test(`${name} tells what was refused, marks each control, and gives the first one the focus`, () => {
    const all = elements(readPage(named(name).render()));
    const alert = single(all.filter(({ attributes }) => attributes.get('role') === 'alert'));
    const invalid = all.filter(({ attributes }) => attributes.get('aria-invalid') === 'true');
    const led = elements(alert).filter(({ tag }) => tag === 'a');
    assert.deepEqual(
      led.map(({ attributes }) => attributes.get('href')),
      invalid.map(({ attributes }) => `#${attributes.get('id')}`),
    );
    for (const { attributes } of invalid) {
      const id = attributes.get('id');
      assert.ok(attributes.get('aria-describedby')?.split(' ').includes(`${id}-problem`));
    }
    const focused = single(all.filter(({ attributes }) => attributes.has('autofocus')));
    if (invalid.length > 0) assert.equal(focused, invalid[0]);
    assert.match(textOf(single(all.filter(({ tag }) => tag === 'title'))), /^Error: /);
  });
}

test('what was typed stands in the form again, with what is wrong beside it', () => {
  const all = elements(readPage(named('sign-up-refused').render()));
  const value = (name: string) =>
    all.find(({ attributes }) => attributes.get('name') === name)?.attributes.get('value');
  assert.equal(value('slug'), 'nordwind');
  assert.equal(value('email'), 'niamh@orchard');
  const chosen = all.filter(({ attributes }) => attributes.has('selected') || attributes.has('checked'));
  assert.deepEqual(
    chosen.map(({ attributes }) => attributes.get('value')),
    ['us', 'pro'],
  );
  const beside = all.find(({ attributes }) => attributes.get('id') === 'slug-problem');
  assert.equal(beside && textOf(beside), 'Address is taken. Choose another.');
});

test('a template escapes texts, joins lists, leaves nothing out of nothing and takes only its own HTML as it is', () => {
  const inner = html`<b>${'<i>'}</b>`;
  assert.equal(
    html`<p title="${`"'&`}">${[inner, ' & ', 0]}${undefined}${false}${null}</p>`.toString(),
    '<p title="&#34;&#39;&#38;"><b>&#60;i&#62;</b> &#38; 0</p>',
  );
  assert.throws(() => html`${{ toString: () => '<script>' } as never}`);
});

test('a mark has one of six colours and letters of the name, of the slug where the name has none', () => {
  assert.deepEqual(['nordwind', 'orchard', 'kestrel'].map(hueOf), [2, 0, 1]);
  for (let number = 0; number < 100; number++) assert.ok([0, 1, 2, 3, 4, 5].includes(hueOf(`slug-${number}`)));
  const initials = (name: string) => initialsOf({ slug: 'slug', name });
  assert.deepEqual(['Nordwind Energie', 'Orchard & Vine', 'Łódź', '🎉', '𝔸𝔹'].map(initials), [
    'NE',
    'OV',
    'ŁÓ',
    'SL',
    '𝔸𝔹',
  ]);
});

function single<T>(list: readonly T[]): T {
  assert.equal(list.length, 1);
  return list[0] as T;
}

function named(name: string): Sample {
  return single(samples.filter((sample) => sample.name === name));
}

/** What somebody fills in; hidden inputs are not. */
function controls(all: readonly Element[]): Element[] {
  return all.filter(
    ({ tag, attributes }) =>
      ['input', 'select', 'textarea'].includes(tag) && attributes.get('type') !== 'hidden' && !attributes.has('hidden'),
  );
}

/** Elements and names of attributes; where a long word may break is no matter. */
function skeleton({ tag, attributes, children }: Element): unknown {
  const inner = children.filter((child) => typeof child !== 'string').filter((child) => child.tag !== 'wbr');
  return [tag, [...attributes.keys()], inner.map(skeleton)];
}

function occurrences(page: Element, text: string): number {
  const values = elements(page).flatMap(({ attributes }) => [...attributes.values()]);
  return [textOf(page), ...values].join('\n').split(text).length - 1;
}
