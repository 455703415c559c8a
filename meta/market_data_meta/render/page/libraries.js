// Where the matrix is another one with other versions of the third-party libraries: folded, as few look for it.
function showThirdParty() {
  fill($('libraries'), thirdParty.map(({ title, summary, differences }) => {
    const rows = differences.filter(({ clause }) => !chosen || clausesOf(capabilityOf.get(chosen)).includes(clause));
    return h('details', {}, h('summary', {}, title),
      h('p', {}, summary, rows.length === differences.length ? null : ` Of the capability that is chosen: ${number(rows.length)}.`),
      h('ul', { class: 'reasons' }, rows.map(({ clause, words }) => h('li', {}, clauseLink(clause), ` ${words}`))));
  }));
}
