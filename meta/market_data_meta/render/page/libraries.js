// Where the matrix is another one with other versions of the third-party libraries.
function showThirdParty() {
  fill($('libraries'), thirdParty.length ? [
    h('h3', {}, 'With other versions of the libraries'),
    thirdParty.flatMap(({ summary, differences }) => {
      const rows = differences.filter(({ clause }) => !chosen || clausesOf(capabilityOf.get(chosen)).includes(clause));
      return [h('p', {}, summary, rows.length === differences.length ? null : ` Of the capability that is chosen: ${number(rows.length)}.`),
        rows.length ? h('ul', { class: 'reasons' }, rows.map(({ clause, words }) => h('li', {}, clauseLink(clause), ` ${words}`))) : null];
    }),
  ] : null);
}
