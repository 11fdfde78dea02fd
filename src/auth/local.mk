libccgate_a_SOURCES += \
	src/auth/auth.c \
	src/auth/auth.h \
	src/auth/auth_answer.c \
	src/auth/auth_internal.h \
	src/auth/auth_scheme.h \
	src/auth/basic.c \
	src/auth/challenge.c \
	src/auth/challenge.h \
	src/auth/digest.c \
	src/auth/digest_message.c \
	src/auth/digest_message.h \
	src/auth/gss.c \
	src/auth/gss.h \
	src/auth/gss_crew.c \
	src/auth/gss_crew.h \
	src/auth/gss_maker.h \
	src/auth/guard.c \
	src/auth/guard.h \
	src/auth/guard_internal.h \
	src/auth/guard_job.c \
	src/auth/guard_record.c \
	src/auth/guard_repeat.c \
	src/auth/guard_turn.c \
	src/auth/keytab.c \
	src/auth/keytab.h \
	src/auth/ledger.c \
	src/auth/ledger.h \
	src/auth/ledger_key.c \
	src/auth/ledger_list.c \
	src/auth/ledger_list.h \
	src/auth/ledger_text.c \
	src/auth/ledger_text.h \
	src/auth/md4.c \
	src/auth/md4.h \
	src/auth/memory.c \
	src/auth/memory.h \
	src/auth/negotiate.c \
	src/auth/ntlm.c \
	src/auth/ntlm_message.c \
	src/auth/ntlm_message.h \
	src/auth/offers.c \
	src/auth/offers.h \
	src/auth/token68.c \
	src/auth/token68.h \
	src/auth/place.c \
	src/auth/place.h \
	src/auth/refusals.c \
	src/auth/refusals.h \
	src/auth/utf16.c \
	src/auth/utf16.h

if HAVE_GSSAPI
libccgate_a_SOURCES += \
	src/auth/gss_library.c \
	src/auth/gss_mit.c \
	src/auth/gss_symbols.h
else
libccgate_a_SOURCES += src/auth/gss_none.c
endif
