/**
 * Mail services that give an address to anyone, so that an address says nothing about an organisation. The list has the
 * large ones; DNS verification stops the others, because their users cannot publish a record.
 */
const publicMailDomains = new Set(
  `
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com hotmail.co.uk yahoo.com
    yahoo.co.uk yahoo.co.jp ymail.com rocketmail.com aol.com icloud.com me.com mac.com proton.me
    protonmail.com pm.me gmx.com gmx.de gmx.net web.de mail.com zoho.com fastmail.com hey.com
    tutanota.com yandex.com yandex.ru mail.ru inbox.ru qq.com 163.com 126.com sina.com naver.com
    daum.net hanmail.net rediffmail.com t-online.de freenet.de orange.fr free.fr laposte.net libero.it
    virgilio.it uol.com.br comcast.net verizon.net att.net btinternet.com bigpond.com shaw.ca
    mailinator.com
  `
    .trim()
    .split(/\s+/),
);

export function isPublicMailDomain(domain: string): boolean {
  return publicMailDomains.has(domain.toLowerCase());
}
