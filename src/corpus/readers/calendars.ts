// Months by their names, and dates of other calendars: Buddhist (Thailand), Persian and Islamic. The Islamic calendar is the
// arithmetic one, which can differ from the observed one by a day.

/** In the languages of Europe that write the names of months in short dates, and Indonesian. Without accents and dots. */
const months: readonly string[] = [
  'jan january januar janner jann januari janvier janv enero ene gennaio gen janeiro ocak oca stycznia sty января янв leden ledna tammikuuta',
  'feb february februar februari fevrier fevr fev febrero febbraio fevereiro subat sub lutego lut февраля февр фев unora helmikuuta',
  'mar march marz mrz maart mrt mars marzo marco mart marca марта мар marta maret brezna maaliskuuta',
  'apr april avril avr abril abr aprile nisan nis kwietnia kwi апреля апр dubna huhtikuuta',
  'may mai mei mayo maggio mag maio mayis maja maj мая май kvetna toukokuuta',
  'jun june juni juin junio giugno giu junho haziran haz czerwca cze июня июн cervna kesakuuta',
  'jul july juli juillet juil julio luglio lug julho temmuz tem lipca lip июля июл cervence heinakuuta',
  'aug august augustus aout agosto ago agustos agu sierpnia sie августа авг agustus agt augusti srpna elokuuta',
  'sep sept september septembre septiembre settembre set setembro eylul eyl wrzesnia wrz сентября сент сен zari syyskuuta',
  'oct october oktober okt octobre octubre ottobre ott outubro out ekim eki pazdziernika paz октября окт rijna lokakuuta',
  'nov november novembre noviembre novembro kasim kas listopada lis ноября нояб ноя listopadu marraskuuta',
  'dec december dezember dez decembre diciembre dic dicembre dezembro aralik ara grudnia gru декабря дек desember des prosince joulukuuta',
];

const numbers = new Map(
  months.flatMap((names, index) => names.split(' ').map((name) => [name, index + 1] as const)),
);

/** From 1. Undefined for a word that is no month. */
export function monthOf(name: string): number | undefined {
  const plain = name
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\p{M}.]/gu, '')
    .replaceAll('ı', 'i');
  // `й` is a letter with a mark, too.
  return numbers.get(plain) ?? numbers.get(name.toLowerCase().replace(/\.$/, ''));
}

const day = 86_400_000;

/** The day in UTC, in milliseconds since 1970. The year says which calendar it is. NaN if there is no such date. */
export function dayOf(year: number, month: number, date: number): number {
  if (month < 1 || month > 12 || date < 1) return Number.NaN;
  if (year >= 1380 && year < 1425) return persianDay(year, month, date);
  if (year >= 1425 && year < 1500) return islamicDay(year, month, date);
  const full = year < 100 ? 2000 + year : year > 2500 ? year - 543 : year;
  const last = new Date(Date.UTC(full, month, 0)).getUTCDate();
  return full < 2000 || full > 2099 || date > last ? Number.NaN : Date.UTC(full, month - 1, date);
}

/** 8 of 33 years have 366 days. The year 1403 began on March 20, 2024. */
function persianDay(year: number, month: number, date: number): number {
  const daysBefore = (one: number) => 365 * one + Math.floor((8 * one + 21) / 33);
  const isLong = daysBefore(year + 1) - daysBefore(year) === 366;
  const length = month <= 6 ? 31 : month < 12 || isLong ? 30 : 29;
  if (date > length) return Number.NaN;
  const inYear = month <= 7 ? 31 * (month - 1) : 186 + 30 * (month - 7);
  return Date.UTC(2024, 2, 20) + day * (daysBefore(year) - daysBefore(1403) + inYear + date - 1);
}

/** 11 of 30 years have 355 days. The year 1445 began on July 19, 2023. Any month may have 30 days where it is observed. */
function islamicDay(year: number, month: number, date: number): number {
  if (date > 30) return Number.NaN;
  const daysBefore = (one: number) => 354 * one + Math.floor((11 * one + 3) / 30);
  const inYear = Math.ceil(29.5 * (month - 1));
  return Date.UTC(2023, 6, 19) + day * (daysBefore(year) - daysBefore(1445) + inYear + date - 1);
}
