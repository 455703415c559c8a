// Day by day: could the newest set be installed, and what worked; and what each release did on its day.
function showDays() {
  if (!backtest) return;
  const [first, ...others] = backtest.summary;
  fill($('days'), h('details', {}, h('summary', {}, `Day by day. ${first}`), others.map((sentence) => h('p', { class: 'hint' }, sentence)),
    h('ol', { class: 'days', 'aria-label': 'Days on which something was published' }, backtest.days.map(
      (day) => h('li', {}, h('span', { class: 'day-mark', 'aria-hidden': 'true' }, day.mark), h('strong', {}, day.day),
        ` ${day.words} `, h('span', { class: 'hint' }, `${day.releases} published`))))));
}

// What a release did, in one sentence; nothing of one that installs the code of its predecessor.
const pastOf = (name, version) => backtest?.releases[`${name} ${version}`];
