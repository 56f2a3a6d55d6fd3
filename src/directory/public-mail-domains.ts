/**
 * Mail services where anybody can have an address: owning one says nothing about an organisation. The list holds
 * the large ones; verification by DNS keeps out the rest, because nobody can put a record there.
 */
const publicMailDomains = new Set([
  ...["gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk"],
  ...[
    "yahoo.com",
    "yahoo.co.uk",
    "yahoo.co.jp",
    "ymail.com",
    "rocketmail.com",
    "aol.com",
    "icloud.com",
    "me.com",
  ],
  ...[
    "mac.com",
    "proton.me",
    "protonmail.com",
    "pm.me",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "mail.com",
  ],
  ...[
    "zoho.com",
    "fastmail.com",
    "hey.com",
    "tutanota.com",
    "yandex.com",
    "yandex.ru",
    "mail.ru",
    "inbox.ru",
  ],
  ...["qq.com", "163.com", "126.com", "sina.com", "naver.com", "daum.net", "hanmail.net", "rediffmail.com"],
  ...[
    "t-online.de",
    "freenet.de",
    "orange.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "virgilio.it",
    "uol.com.br",
  ],
  ...["comcast.net", "verizon.net", "att.net", "btinternet.com", "bigpond.com", "shaw.ca", "mailinator.com"],
]);

export function isPublicMailDomain(domain: string): boolean {
  return publicMailDomains.has(domain.toLowerCase());
}
