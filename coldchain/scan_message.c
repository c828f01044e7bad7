/* What the person holding the scanner reads: what is wrong, and what to do about it. */
#include "coldchain/scan.h"

enum { LANGUAGES = 3 };

static const char *const faults[][LANGUAGES] = {
    [SCAN_GOOD] = {"", "", ""},
    [SCAN_EMPTY] = {"Nothing was read: scan again", "Rien n'a été lu : scannez à nouveau", "لم يُقرأ شيء: أعد المسح"},
    [SCAN_TRUNCATED] = {"The code was cut short: hold the scanner straight and scan again",
                        "Le code est incomplet : tenez le lecteur bien droit et scannez à nouveau",
                        "الرمز ناقص: أمسك القارئ مستقيماً وأعد المسح"},
    [SCAN_TOO_LONG] = {"There is more than one code in this read: cover the others and scan again",
                       "La lecture contient plus qu'un code : cachez les autres et scannez à nouveau",
                       "القراءة تحتوي على أكثر من رمز: غطِّ الرموز الأخرى وأعد المسح"},
    [SCAN_BAD_FLAG] = {"The donation number does not match its check: scan again, and set the bag aside if it stays",
                       "Le numéro de don ne correspond pas à son contrôle : scannez à nouveau ; si cela persiste, mettez la "
                       "poche de côté",
                       "رقم التبرع لا يطابق رمز التحقق: أعد المسح، وإذا تكرر الخطأ فضع الكيس جانباً"},
    [SCAN_BAD_CHECK] = {"The check character is wrong: compare with the label and enter it again",
                        "Le caractère de contrôle est faux : comparez avec l'étiquette et saisissez à nouveau",
                        "حرف التحقق خاطئ: قارن مع الملصق وأعد الإدخال"},
    [SCAN_BAD_VALUE] = {"This code cannot be true: scan another code of the label, or set the bag aside",
                        "Ce code est impossible : scannez un autre code de l'étiquette ou mettez la poche de côté",
                        "هذا الرمز غير ممكن: امسح رمزاً آخر من الملصق أو ضع الكيس جانباً"},
    [SCAN_UNCHECKED] = {"The scanner leaves out the beginning of the code: set it to send data identifiers",
                        "Le lecteur supprime le début du code : réglez-le pour envoyer les identifiants de données",
                        "القارئ يحذف بداية الرمز: اضبطه ليرسل معرّفات البيانات"},
    [SCAN_LAYOUT] = {"The scanner and this computer disagree about the keyboard: set both to the same layout and scan again",
                     "Le lecteur et l'ordinateur n'ont pas le même clavier : réglez-les de même et scannez à nouveau",
                     "القارئ والحاسوب لا يستعملان لوحة المفاتيح نفسها: اضبطهما على التخطيط نفسه وأعد المسح"},
    [SCAN_UNKNOWN] = {"This is not a code of a bag, a box, a site or a device",
                      "Ce n'est pas le code d'une poche, d'un colis, d'un site ou d'un appareil",
                      "هذا ليس رمز كيس أو صندوق أو موقع أو جهاز"},
};

/* In the order in which they are told: a layout before what follows from it. */
static const struct {
    unsigned trap;
    const char *text[LANGUAGES];
} traps[] = {
    {SCAN_COMPUTER_AZERTY,
     {"Read, but the scanner plays a US keyboard and this computer is set to French: set the scanner to French",
      "Lu, mais le lecteur se comporte en clavier américain alors que l'ordinateur est en français : réglez le lecteur sur "
      "français",
      "تمت القراءة، لكن القارئ يعمل كلوحة مفاتيح أمريكية والحاسوب بالفرنسية: اضبط القارئ على الفرنسية"}},
    {SCAN_SCANNER_AZERTY,
     {"Read, but the scanner plays a French keyboard and this computer is set to US: set the scanner to US",
      "Lu, mais le lecteur se comporte en clavier français alors que l'ordinateur est en américain : réglez le lecteur sur "
      "américain",
      "تمت القراءة، لكن القارئ يعمل كلوحة مفاتيح فرنسية والحاسوب بالأمريكية: اضبط القارئ على الأمريكية"}},
    {SCAN_COMPUTER_QWERTZ,
     {"Read, but this computer's keyboard is set to German: set the scanner to the same layout",
      "Lu, mais le clavier de l'ordinateur est réglé sur allemand : réglez le lecteur de même",
      "تمت القراءة، لكن لوحة مفاتيح الحاسوب بالألمانية: اضبط القارئ على اللغة نفسها"}},
    {SCAN_COMPUTER_ARABIC,
     {"Read, but this computer's keyboard is set to Arabic: switch it to Latin letters before scanning",
      "Lu, mais le clavier de l'ordinateur est en arabe : passez en lettres latines avant de scanner",
      "تمت القراءة، لكن لوحة مفاتيح الحاسوب بالعربية: حوّلها إلى الحروف اللاتينية قبل المسح"}},
    {SCAN_CAPS_LOCK,
     {"Read, but caps lock is on: switch it off", "Lu, mais le verrouillage des majuscules est actif : désactivez-le",
      "تمت القراءة، لكن قفل الأحرف الكبيرة مفعّل: أوقفه"}},
    {SCAN_STRIPPED,
     {"Read, but the scanner leaves out the beginning of codes: set it to send data identifiers",
      "Lu, mais le lecteur supprime le début des codes : réglez-le pour envoyer les identifiants de données",
      "تمت القراءة، لكن القارئ يحذف بداية الرموز: اضبطه ليرسل معرّفات البيانات"}},
    {SCAN_CONCATENATED,
     {"Several codes were read at once: check that they are of one bag",
      "Plusieurs codes ont été lus à la fois : vérifiez qu'ils appartiennent à la même poche",
      "قُرئت عدة رموز معاً: تحقق من أنها للكيس نفسه"}},
};

const char *scan_message(const struct scan *scan, enum language language)
{
    if (scan->fault != SCAN_GOOD)
        return faults[scan->fault][language];
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        if (scan->traps & traps[i].trap)
            return traps[i].text[language];
    return "";
}
