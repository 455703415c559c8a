// The releases of each package in order, boxed by the code that they install.
function timelines() {
  fill($('timelines'), names.map((name) => {
    const column = matrix.packages[name];
    const said = h('p', { class: 'hint', role: 'status', id: `about-${name}` },
      `${number(versionsOf(name).length)} releases, ${number(column.length)} distinct codes.`);
    return h('div', { class: 'timeline' }, h('h3', {}, name), said,
      h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Releases of ${name}` },
        h('ol', { class: 'strip' }, column.map((code) => h('li', { class: 'code' },
          h('span', { class: 'code-label' }, brief(code.label)),
          h('ol', {}, code.releases.map((version) => h('li', {}, tick(name, version)))))))));
  }));
}

function tick(name, version) {
  return h('a', {
    id: `release-${name}-${version}`, href: `#release-${name}-${version}`, class: 'tick', 'data-package': name,
    'data-version': version, 'aria-label': `${name} ${version}`, title: `${name} ${version}`,
  }, version.slice(version.lastIndexOf('.') + 1));
}

function openRelease(id) {
  const mark = $(id);
  if (!mark?.matches('a.tick')) return false;
  const { package: name, version } = mark.dataset;
  const code = matrix.packages[name][codeOf[name].get(version)];
  const asks = matrix.supported.filter((row) => row.package === name && row.version === version)
    .map((row) => `${row.other}: asks ${row.asks === '' ? 'for any version' : row.asks ?? 'nothing'}, works with ${row.works}`);
  for (const other of document.querySelectorAll(`a.tick[data-package="${CSS.escape(name)}"]`)) other.removeAttribute('aria-current');
  mark.setAttribute('aria-current', 'true');
  fill($(`about-${name}`), h('strong', {}, `${name} ${version}`), ' installs code ', h('code', {}, short(code.content)),
    `, as ${code.releases.length === 1 ? 'no other release does' : `${code.label} do`}. ${asks.join('; ')}`);
  mark.scrollIntoView({ block: 'center', inline: 'center' });
  mark.focus({ preventScroll: true });
  return true;
}
