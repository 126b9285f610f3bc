"""Mail domains that anybody can have: they say nothing about the business (accounting-rules E.1)."""

_DOMAINS = """
    126.com 163.com 139.com aim.com alice.it aol.com aol.de arcor.de att.net bellsouth.net bigpond.com bluewin.ch
    btinternet.com charter.net comcast.net cox.net duck.com earthlink.net eircom.net email.com fastmail.com fastmail.fm
    free.fr freenet.de frontier.com frontiernet.net gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
    hey.com hotmail.ca hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com
    inbox.com juno.com laposte.net libero.it live.ca live.co.uk live.com live.de live.fr live.nl mac.com mail.com
    mail.ru me.com msn.com naver.com netscape.net netzero.net ntlworld.com o2.pl optonline.net optusnet.com.au orange.fr
    outlook.com outlook.de outlook.es outlook.fr pm.me proton.me protonmail.com qq.com rediffmail.com roadrunner.com
    rocketmail.com rogers.com rr.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com sympatico.ca t-online.de
    talktalk.net telus.net tutanota.com tuta.io uol.com.br verizon.net virgilio.it virginmedia.com wanadoo.fr web.de
    windowslive.com windstream.net wp.pl yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.au
    yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com zohomail.com
"""

FREE_MAIL = frozenset(_DOMAINS.split())
