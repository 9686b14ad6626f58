// Nothing to call: linking it is enough (COpenSSLShim.c).
#ifndef COPENSSLSHIM_H
#define COPENSSLSHIM_H
#endif
