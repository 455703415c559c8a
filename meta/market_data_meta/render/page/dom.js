// Making elements. Text becomes text: nothing on this page is ever parsed as HTML.
const $ = (id) => document.getElementById(id);

// h('a', { href: '#x', class: 'y', onclick: f }, 'text', element, …); null and undefined are left out.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

const fill = (element, ...children) => element.replaceChildren(...children.flat(2).filter(Boolean));
const fact = (term, ...description) => h('div', {}, h('dt', {}, term), h('dd', {}, ...description));

// A command with a button that copies it. Where the clipboard is closed, it selects the text.
function copyable(text) {
  const code = h('code', {}, text);
  const button = h('button', { type: 'button', class: 'quiet', 'aria-label': `Copy: ${text}`, onclick: copy }, 'Copy');
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    } catch {
      getSelection().selectAllChildren(code);
    }
  }
  return h('div', { class: 'command' }, code, button);
}

// A value that was expected or got: its beginning, and all of it on demand.
const LINES = 8;
const CHARACTERS = 600;
function value(title, content) {
  const text = asText(content) ?? '';
  const start = text.split('\n').slice(0, LINES).join('\n').slice(0, CHARACTERS);
  const pre = h('pre', { tabindex: '0', role: 'region', 'aria-label': title }, start);
  const more = start.length < text.length && h('button', { type: 'button', class: 'quiet', onclick: expand }, 'Show all');
  function expand() {
    pre.textContent = text;
    more.remove();
    pre.focus();
  }
  if (more) pre.append('\n…');
  return h('div', { class: 'value' }, h('p', { class: 'value-title' }, title), pre, more);
}

const badge = (text, kind) => h('span', { class: `badge ${kind}` }, text);
const clauseLink = (id) => h('a', { href: `#clause-${id}`, class: 'mono' }, id);
const mark = (state) => h('span', { 'aria-hidden': 'true' }, CAPABILITY_STATES[state].mark);
// A capability's state by mark, word and colour.
const chip = (state, word = state) => h('span', { class: `chip ${state} allowed` }, mark(state), ` ${word}`);

// What a cell's states rest on, for the versions that the reader asked about.
function evidence(cell, versions) {
  const counts = Object.entries(cell.counts).filter(([, count]) => count).map(([outcome, count]) => `${number(count)} ${outcome}`).join(', ');
  const isThisOne = names.every((name) => cell.combination[name] === versions[name]);
  return h('dl', { class: 'facts' },
    fact('Checks', counts || 'none'),
    fact('Run', [day(cell.start) || 'no run', cell.interpreter && `Python ${cell.interpreter}`].filter(Boolean).join(', ')),
    fact('Known from', `runs of ${isThisOne ? 'this set' : setText(cell.combination)} and of sets with the same code`),
  );
}

// What fails of a capability: each sentence with where it is explained, what breaks it first.
const failureItem = (failure) => h('li', {},
  h('span', { class: 'muted' }, failure.essential ? 'Breaks it: ' : 'Limits it: '), failure.sentence, ' ',
  h('a', { class: 'small', href: failure.defect && defectOf.has(failure.defect) ? `#defect-${failure.defect}` : `#clause-${failure.clause}` },
    failure.defect && defectOf.has(failure.defect) ? 'Known defect' : failure.clause));
const failureList = (failures) => (failures.length ? h('ul', { class: 'reasons' }, failures.map(failureItem)) : null);
